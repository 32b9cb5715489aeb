// SPDX-License-Identifier: MIT
import { lint } from '@wgq/config/lint/lint'
import { derivePublicKey } from '@wgq/keys/derive'
import { painterFor } from '../colour.ts'
import type { NamedConfig } from '../config-operand.ts'
import { writeErr } from '../output.ts'
import { formatFinding, formatSummary } from './report.ts'

/**
 * Prints to stderr why a file cannot be converted: all lint findings that are errors, except those of hooks. Resolves
 * to true if there are any.
 */
export const refuseFaults = async ({ path, text }: NamedConfig): Promise<boolean> => {
  const findings = lint([{ file: path, text, purpose: 'wg-quick' }], {
    publicKey: derivePublicKey,
    shellFaults: () => [],
  }).filter(({ severity }) => severity === 'error')
  if (findings.length === 0) return false
  const sources = new Map([[path, text.split(/\r?\n/)]])
  const paint = await painterFor(2)
  writeErr(findings.map((finding) => formatFinding(finding, sources, paint)).join('\n'))
  writeErr(formatSummary(findings, 1))
  writeErr('wgq: nothing is written: the file has to be right first\n')
  return true
}
