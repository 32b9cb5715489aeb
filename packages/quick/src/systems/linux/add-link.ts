// SPDX-License-Identifier: MIT
import { Failure } from '../../run/failure.ts'
import type { Run } from '../../run/run.ts'
import { chooseDaemon, fallbackLine, hasKernelDriver } from '../daemon.ts'

/** Makes the interface with the kernel's driver, else a daemon (spec wg-quick §6, step 3). True for a daemon. */
export const addLink = async (run: Run): Promise<boolean> => {
  const { name, dependencies, binDirectory, style } = run.session
  // Under its own name wgq shows the attempt only if nothing else takes over: an expected failure is not an error.
  const tried: string[] = []
  const say = style === 'wgq' ? (text: string) => void tried.push(text) : dependencies.print
  const tellTried = () => {
    for (const text of tried) dependencies.print(text)
  }
  try {
    await run.perform([{ do: 'link.add', name }], say)
    tellTried()
    return false
  } catch (error) {
    const daemon =
      error instanceof Failure && !hasKernelDriver()
        ? chooseDaemon(dependencies.env, dependencies.find, binDirectory)
        : undefined
    if (!daemon) {
      tellTried()
      throw error
    }
    dependencies.print(fallbackLine(daemon))
    const { program, embedded } = daemon
    run.keeper?.update({ daemon: program })
    await run.perform([{ do: 'daemon.start', name, program, embedded }])
    return true
  }
}
