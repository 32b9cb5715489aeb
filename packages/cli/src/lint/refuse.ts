// SPDX-License-Identifier: MIT
import { joinParts, readParts } from '@wgq/config/parts'
import { derivePublicKey } from '@wgq/keys/derive'
import { painterFor } from '../colour.ts'
import type { NamedConfig } from '../config-operand.ts'
import { writeErr } from '../output.ts'
import { formatFinding, formatSummary } from './report.ts'
import { lintWithDropIns } from './with-drop-ins.ts'

/**
 * Resolves to the text of a tunnel, drop-ins included, that can be converted. If it cannot, prints to stderr why: all
 * lint findings that are errors, except those of hooks, and a file without a section. Then there is no text.
 */
export const faultlessText = async ({ path, text }: NamedConfig): Promise<string | undefined> => {
  const { findings: all, sources } = lintWithDropIns([{ file: path, text, purpose: 'wg-quick' }], {
    publicKey: derivePublicKey,
    shellFaults: () => [],
  })
  const findings = all.filter(({ severity, code }) => severity === 'error' || code === 'empty-file')
  if (findings.length === 0) return joinParts(readParts(path, { text, encoding: 'utf8' }))
  const paint = await painterFor(2)
  writeErr(findings.map((finding) => formatFinding(finding, sources, paint)).join('\n'))
  writeErr(formatSummary(findings, new Set(findings.map(({ at }) => at.file)).size))
  writeErr('wgq: nothing is written: the file has to be right first\n')
  return undefined
}
