// SPDX-License-Identifier: MIT
import { Failure } from '../../run/failure.ts'
import type { Run } from '../../run/run.ts'
import { chooseDaemon, fallbackLine, hasKernelDriver } from '../daemon.ts'

/** The kernel's driver, else a userspace daemon (spec wg-quick §6, step 3). True for a daemon. */
export const addLink = async (run: Run): Promise<boolean> => {
  const { name, edges, binDirectory } = run.session
  try {
    await run.perform([{ do: 'link.add', name }])
    return false
  } catch (error) {
    if (!(error instanceof Failure) || hasKernelDriver()) throw error
    const daemon = chooseDaemon(edges.env, edges.find, binDirectory)
    if (!daemon) throw error
    edges.print(fallbackLine(daemon))
    const { program, embedded } = daemon
    run.keeper?.update({ daemon: program })
    await run.perform([{ do: 'daemon.start', name, program, embedded }])
    return true
  }
}
