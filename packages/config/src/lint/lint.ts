// SPDX-License-Identifier: MIT
import type { Diagnostic } from '../diagnostic.ts'
import { addressRules } from './addresses.ts'
import { allowedIpRules } from './allowed-ips.ts'
import { dnsRules } from './dns.ts'
import { duplicateRules } from './duplicates.ts'
import { hookRules } from './hooks.ts'
import { keepaliveRules } from './keepalive.ts'
import { keyRules } from './keys.ts'
import { lineRules } from './lines.ts'
import { pairRules } from './pairs.ts'
import { routeRules } from './routes.ts'
import type { LintEdges, LintInput, Rule } from './subject.ts'
import { readSubject } from './subject.ts'
import { textRules } from './text.ts'
import { valueRules } from './values.ts'

const rules: readonly Rule[] = [
  textRules,
  lineRules,
  duplicateRules,
  valueRules,
  keyRules,
  allowedIpRules,
  routeRules,
  addressRules,
  dnsRules,
  keepaliveRules,
  hookRules,
]

/**
 * Everything the rules find in the files, by file, line and column; several files are also compared with each other. Never
 * fails on any text. The codes are described in docs/lint.md.
 */
export const lint = (inputs: readonly LintInput[], edges: LintEdges): Diagnostic[] => {
  const subjects = inputs.map((input) => readSubject(input, edges))
  const found = [
    ...subjects.flatMap((subject) => rules.flatMap((rule) => rule(subject, edges))),
    ...pairRules(subjects),
  ]
  const order = new Map(inputs.map((input, index) => [input.file, index]))
  const rank = ({ at }: Diagnostic): number => order.get(at.file) ?? inputs.length
  return found.sort((a, b) => rank(a) - rank(b) || a.at.line - b.at.line || a.at.column - b.at.column)
}
