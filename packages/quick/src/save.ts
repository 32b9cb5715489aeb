// SPDX-License-Identifier: MIT
import type { Session } from './session.ts'

/** wg-quick save. */
export const save = async (session: Session): Promise<void> => {
  session.edges.print(`[#] wg showconf ${session.name}\n`)
}
