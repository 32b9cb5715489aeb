// SPDX-License-Identifier: MIT
import { Failure } from '../../run/failure.ts'
import type { Run } from '../../run/run.ts'
import { chooseDaemon } from '../daemon.ts'

/** The kernel's driver, else (FreeBSD) a userspace daemon, unless the name is taken. True for a daemon. */
export const addLink = async (run: Run, hasFallback: boolean): Promise<boolean> => {
  const { name, edges, binDirectory } = run.session
  const env = { WG_QUICK_USERSPACE_IMPLEMENTATION: 'wireguard-go', ...edges.env }
  const daemon = chooseDaemon(env, edges.find, binDirectory)
  let said = ''
  try {
    await run.perform([{ do: 'link.add', name }], (text) => {
      said += text
    })
    return false
  } catch (error) {
    const canFallBack = error instanceof Failure && hasFallback && !/File exists/.test(said)
    if (!canFallBack || !daemon) {
      edges.print(said)
      throw error
    }
    edges.print(
      `[!] Missing WireGuard kernel support (${said.trim()}). Falling back to slow userspace implementation.\n`,
    )
    const { program, embedded } = daemon
    run.keeper?.update({ daemon: program })
    await run.perform([{ do: 'daemon.start', name, program, embedded }])
    return true
  }
}
