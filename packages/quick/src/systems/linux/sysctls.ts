// SPDX-License-Identifier: MIT
import { notedByOthers } from '../../run/journal-files.ts'
import type { Run } from '../../run/run.ts'

/** Restores sysctls silently, as upstream has no line for it; not while another tunnel needs them. */
export const restoreSysctls = ({ session, keeper }: Run): void => {
  const noted = (keeper?.journal.undo ?? []).filter((op) => op.do === 'sysctl.set')
  if (noted.length === 0) return
  const needed = notedByOthers(session).some((op) => op.do === 'rule.delete')
  for (const op of [...noted].reverse()) {
    if (needed) break
    try {
      session.dependencies.writeSysctl(op.key, op.value)
    } catch {
      // It was writable a moment ago; nothing more can be done here.
    }
  }
  keeper?.settle(noted)
}
