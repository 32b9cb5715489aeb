// SPDX-License-Identifier: MIT
import { notedByOthers } from '../../run/journal-files.ts'
import type { Run } from '../../run/run.ts'
import { srcValidMarkKey } from '../../state/default-route.ts'

/**
 * Notes the original value of a sysctl that another tunnel has set before: whichever of them is taken down last
 * restores it.
 */
export const noteSharedSysctls = ({ session, keeper }: Run): void => {
  const noted = keeper?.journal.undo ?? []
  const isShared = (op: (typeof noted)[number]) => op.do === 'sysctl.set' && op.key === srcValidMarkKey
  if (!noted.some(({ do: what }) => what === 'rule.delete') || noted.some(isShared)) return
  const original = notedByOthers(session).find(isShared)
  if (original) keeper?.update({ undo: [...noted, original] })
}

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
