// SPDX-License-Identifier: MIT
import { Failure } from '../../run/failure.ts'
import type { Run } from '../../run/run.ts'
import { chooseDaemon } from '../daemon.ts'

/** Makes the interface with the kernel's driver, else a daemon, unless the name is taken. True for a daemon. */
export const addLink = async (run: Run): Promise<boolean> => {
  const { name, dependencies, binDirectory } = run.session
  const daemon = chooseDaemon(dependencies.env, dependencies.find, binDirectory)
  let said = ''
  try {
    await run.perform([{ do: 'link.add', name }], (text) => {
      said += text
    })
    return false
  } catch (error) {
    const canFallBack = error instanceof Failure && !/File exists/.test(said)
    if (!canFallBack || !daemon) {
      dependencies.print(said)
      throw error
    }
    const { program, embedded } = daemon
    const takesOver = embedded
      ? 'the userspace implementation that is built in'
      : 'slow userspace implementation'
    dependencies.print(
      `[!] Missing WireGuard kernel support (${said.trim()}). Falling back to ${takesOver}.\n`,
    )
    run.keeper?.update({ daemon: program })
    await run.perform([{ do: 'daemon.start', name, program, embedded }])
    return true
  }
}
