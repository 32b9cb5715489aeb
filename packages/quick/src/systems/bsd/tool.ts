// SPDX-License-Identifier: MIT
import { Failure } from '../../run/failure.ts'
import type { Session } from '../../session.ts'
import { hostOf } from './host-of.ts'

/** Runs a command of the system with its `[#]` line and prints its errors. Raises {@link Failure} with its status. */
export const runTool = async (session: Session, argv: readonly string[], stdin?: string): Promise<void> => {
  session.dependencies.print(`[#] ${argv.join(' ')}\n`)
  const { status, stderr } = await hostOf(session).runner.run(argv, stdin === undefined ? {} : { stdin })
  if (stderr !== '') session.dependencies.print(stderr)
  if (status !== 0) throw new Failure(status)
}
