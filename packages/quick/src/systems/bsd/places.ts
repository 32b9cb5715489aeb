// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { IfName } from '@wgq/model/operation'

/** What a BSD has beyond its commands. */
export interface BsdPlaces {
  readonly resolvConf: string
  /** Socket of a userspace daemon; undefined where none is. */
  readonly daemonSocket: (name: IfName) => string | undefined
  /** Starts the route monitor in the background; gives its process number. */
  readonly startMonitor: (request: MonitorRequest) => number | undefined
}

/** What the route monitor has to look after. */
export interface MonitorRequest {
  /** The configuration's name. */
  readonly name: IfName
  readonly statePath: string
  /** Where `wgq` is. */
  readonly binDirectory: string
}

/** Those of the system itself. */
export const realPlaces: BsdPlaces = {
  resolvConf: '/etc/resolv.conf',
  daemonSocket: (name) => {
    const path = `/var/run/wireguard/${name}.sock`
    return statSync(path, { throwIfNoEntry: false })?.isSocket() ? path : undefined
  },
  // `wgq route-monitor` in a session of its own and without a terminal.
  startMonitor: ({ name, statePath, binDirectory }) => {
    const child = spawn(join(binDirectory, 'wgq'), ['route-monitor', name, statePath], {
      detached: true,
      stdio: 'ignore',
      cwd: '/',
    })
    // Without a monitor the routes of now stay right until something changes; `down` deletes them itself.
    child.on('error', () => {})
    child.unref()
    return child.pid
  },
}
