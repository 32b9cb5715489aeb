// SPDX-License-Identifier: MIT
import { join } from 'node:path'
import { locate } from '@wgq/config/locate'
import { openDependencies } from './open-dependencies.ts'
import { readTunnel, readTunnelToEnd } from './read-tunnel.ts'
import { runDirectory } from './run/directory.ts'
import { makeRunDirectory } from './run/journal.ts'
import type { Session } from './session.ts'
import { loadSystem } from './systems/system.ts'

/** Options of {@link openSession}, for a program that drives a tunnel. */
interface SessionOptions {
  /**
   * The directory of `wgq`, `wg`, `wg-quick` and `wgqd`: first in the PATH of hooks, and the place of the data plane if
   * the kernel has no driver.
   */
  readonly binDirectory: string
  /** Receives the lines that `wgq` prints on standard error; absent prints nothing. */
  readonly print?: (text: string) => void
  /** Called after every operation that was carried out. */
  readonly notice?: Session['notice']
  /** As `wgq up --kill-switch`. */
  readonly killSwitch?: boolean
  /** As `wgq up --strict`. */
  readonly strict?: boolean
  /** The session is for `down`: a file that broke since `up` is ignored, and `print` gets the reason. */
  readonly toEnd?: boolean
}

/**
 * Opens what `up`, `down` and `reload` of this package need, for the interface or file that `wgq up` would get. Needs
 * root. Set `session.interruption.signal` to stop a verb between two steps. End with
 * `session.dependencies.host.close()`. Raises the errors of finding, reading and checking the file.
 */
export const openSession = async (nameOrFile: string, options: SessionOptions): Promise<Session> => {
  const { binDirectory, print = () => {}, notice, strict = false } = options
  const location = locate(nameOrFile)
  const { encode, ...tunnel } = options.toEnd
    ? await readTunnelToEnd(location, 'wgq', print)
    : await readTunnel(location, 'wgq', true)
  makeRunDirectory(runDirectory)
  return {
    ...tunnel,
    killSwitch: options.killSwitch ?? tunnel.killSwitch ?? false,
    dependencies: await openDependencies({
      binDirectory,
      exact: false,
      configurationLength: tunnel.settings.wgConfig.length,
      encode,
      scratch: runDirectory,
      daemonFile: join(binDirectory, '../lib/wgqd.cjs'),
      print,
    }),
    system: await loadSystem(),
    program: 'wgq',
    script: join(binDirectory, 'wgq'),
    binDirectory,
    style: 'wgq',
    runDirectory,
    strict,
    ...(notice && { notice }),
    interruption: {},
  }
}
