// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { IfName } from '@wgq/model/operation'

/** System access on a BSD beyond its commands. */
export interface BsdPlaces {
  readonly resolvConf: string
  /** Socket of a userspace daemon; undefined if there is none. */
  readonly daemonSocket: (name: IfName) => string | undefined
  /** Starts the route monitor in the background; resolves to its process number. */
  readonly startMonitor: (request: MonitorRequest) => number | undefined
}

/** Arguments of the route monitor. */
export interface MonitorRequest {
  /** The configuration's name. */
  readonly name: IfName
  readonly statePath: string
  /** The directory of `wgq`. */
  readonly binDirectory: string
}

/** The real ones. */
export const realPlaces: BsdPlaces = {
  resolvConf: '/etc/resolv.conf',
  daemonSocket: (name) => {
    const path = `/var/run/wireguard/${name}.sock`
    return statSync(path, { throwIfNoEntry: false })?.isSocket() ? path : undefined
  },
  // Runs `wgq route-monitor` in its own session and without a terminal.
  startMonitor: ({ name, statePath, binDirectory }) => {
    const child = spawn(join(binDirectory, 'wgq'), ['route-monitor', name, statePath], {
      detached: true,
      stdio: 'ignore',
      cwd: '/',
    })
    // Without a monitor the current routes stay right until something changes; `down` deletes them itself.
    child.on('error', () => {})
    child.unref()
    return child.pid
  },
}
