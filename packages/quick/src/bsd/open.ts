// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { BsdHost } from '@wgq/backends/bsd/host'
import { freebsdSystem } from '../freebsd/system.ts'
import { netbsdSystem } from '../netbsd/system.ts'
import { openbsdSystem } from '../openbsd/system.ts'
import type { Session } from '../session.ts'
import type { BsdAround, MonitorRequest } from './system.ts'

const systems = { freebsd: freebsdSystem, openbsd: openbsdSystem, netbsd: netbsdSystem }

/** Where userspace daemons put their sockets. */
const socketDirectory = '/var/run/wireguard'

/** A session on the BSD that this program runs on; its host must be one of a BSD. */
export const openBsdAround = (session: Session): BsdAround => {
  const { host } = session.edges
  if (!(host instanceof BsdHost)) throw new Error(`No BSD host on ${process.platform}`)
  return {
    session,
    host,
    system: systems[host.dialect.system],
    resolvConf: '/etc/resolv.conf',
    daemonSocket: (name) => {
      const path = `${socketDirectory}/${name}.sock`
      return statSync(path, { throwIfNoEntry: false })?.isSocket() ? path : undefined
    },
    startMonitor: startMonitor(session.binDirectory),
  }
}

/** Starts `wgq route-monitor` in a session of its own and without a terminal. */
const startMonitor =
  (binDirectory: string) =>
  ({ name, statePath }: MonitorRequest): number | undefined => {
    const child = spawn(join(binDirectory, 'wgq'), ['route-monitor', name, statePath], {
      detached: true,
      stdio: 'ignore',
      cwd: '/',
    })
    // Without a monitor the routes of now stay right until something changes; `down` deletes them itself.
    child.on('error', () => {})
    child.unref()
    return child.pid
  }
