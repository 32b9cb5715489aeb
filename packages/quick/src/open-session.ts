// SPDX-License-Identifier: MIT
import { join } from 'node:path'
import { locate } from '@wgq/config/locate'
import { openDependencies } from './open-dependencies.ts'
import { readTunnel, readTunnelToEnd } from './read-tunnel.ts'
import { runDirectory } from './run/directory.ts'
import { makeRunDirectory } from './run/journal.ts'
import type { Session } from './session.ts'
import { loadSystem } from './systems/system.ts'

/** How another program drives a tunnel. */
interface SessionOptions {
  /**
   * The folder of `wgq`, `wg`, `wg-quick` and `wgqd`: hooks find them there first, and the data plane is started from there
   * where the kernel has no driver.
   */
  readonly binDirectory: string
  /** Takes the lines that `wgq` prints on standard error; nothing is printed unless given. */
  readonly print?: (text: string) => void
  /** Hears of every operation that was carried out. */
  readonly notice?: Session['notice']
  /** As `wgq up --kill-switch`. */
  readonly killSwitch?: boolean
  /** As `wgq up --strict`. */
  readonly strict?: boolean
  /** The session is for `down`: a file that was broken since `up` is left aside, and `print` hears why. */
  readonly toEnd?: boolean
}

/**
 * What `up`, `down` and `reload` of this package need, for the interface or the file that `wgq up` would be given. Root is
 * needed. `session.interruption.signal` may be set to stop a verb between two steps. End with `session.dependencies.host.close()`.
 * Raises what finding, reading and checking the file raise.
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
