// SPDX-License-Identifier: MIT
import type { Link } from '@wgq/model/host'
import { renamedText } from '@wgq/quick/renamed'
import type { Journal } from '@wgq/quick/run/journal'
import type { Finding } from './finding.ts'

/**
 * Finds a tunnel of ours whose interface was renamed while it was up, under its old name or its new one. Its file, its
 * routes and `reload` go by the old name, so the other checks would mislead.
 */
export const checkRenamed = (
  name: string,
  links: readonly Link[],
  journals: readonly Journal[],
): Finding | undefined => {
  for (const { interface: old, linkIndex, into } of journals) {
    const now = into === undefined ? links.find(({ index }) => index === linkIndex)?.name : undefined
    if (now !== undefined && now !== old && (old === name || now === name))
      return { check: 'link', status: 'problem', ...renamedText(old, now) }
  }
  return undefined
}
