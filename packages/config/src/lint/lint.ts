// SPDX-License-Identifier: MIT
import { shellWord } from '@wgq/model/shell-word'
import { hideAsIn, shown } from '@wgq/model/shown'
import type { Diagnostic } from '../diagnostic.ts'
import { binaryFile, endsLinesWithCr, wideEncoding } from '../encoding.ts'
import { addressRules } from './addresses.ts'
import { allowedIpRules } from './allowed-ips.ts'
import { directiveRules } from './directives.ts'
import { dnsRules } from './dns.ts'
import { duplicateRules } from './duplicates.ts'
import { hookRules } from './hooks.ts'
import { keepaliveRules } from './keepalive.ts'
import { keyRules } from './keys.ts'
import { lineRules } from './lines.ts'
import { pairRules } from './pairs.ts'
import { foreignFile, productRules } from './products.ts'
import { routeRules } from './routes.ts'
import type { LintDependencies, LintInput, Rule, Subject } from './subject.ts'
import { readSubject } from './subject.ts'
import { accessRules, textRules } from './text.ts'
import { valueRules } from './values.ts'

const rules: readonly Rule[] = [
  textRules,
  productRules,
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
  directiveRules,
]

/**
 * Returns everything that the rules find, sorted by file, line and column; several files are also compared with each
 * other. Never fails on any text. docs/lint.md describes the codes.
 */
export const lint = (inputs: readonly LintInput[], dependencies: LintDependencies): Diagnostic[] => {
  const found: Diagnostic[] = []
  const subjects: Subject[] = []
  for (const input of inputs) {
    const binary = binaryFile(input.text)
    if (binary) {
      found.push(notText(input.file, binary))
      continue
    }
    const encoding = wideEncoding(input.text)
    if (encoding) {
      found.push(wide(input.file, encoding))
      continue
    }
    if (endsLinesWithCr(input.text)) {
      found.push(oneLine(input.file))
      continue
    }
    const subject = readSubject(input, dependencies)
    const other = foreignFile(subject)
    if (other) found.push(...accessRules(subject, dependencies), other)
    else {
      subjects.push(subject)
      for (const rule of rules) append(found, rule(subject, dependencies))
    }
  }
  append(found, pairRules(subjects))
  const order = new Map(inputs.map((input, index) => [input.file, index]))
  const rank = ({ at }: Diagnostic): number => order.get(at.file) ?? inputs.length
  found.sort((a, b) => rank(a) - rank(b) || a.at.line - b.at.line || a.at.column - b.at.column)
  const lines = new Map(subjects.map(({ file, document }) => [file, document.lines]))
  return limited(found).map((finding) =>
    asShown(finding, lines.get(finding.at.file)?.[finding.at.line - 1]?.text),
  )
}

/** Further findings of the same code add nothing new. */
const mostOfOneCode = 100

/** The first hundred findings of each code in each file; the last one counts the rest. */
const limited = (found: readonly Diagnostic[]): Diagnostic[] => {
  const counts = new Map<string, number>()
  const last = new Map<string, number>()
  const kept: Diagnostic[] = []
  for (const finding of found) {
    const kind = `${finding.code} ${finding.at.file}`
    const count = (counts.get(kind) ?? 0) + 1
    counts.set(kind, count)
    if (count > mostOfOneCode) continue
    last.set(kind, kept.length)
    kept.push(finding)
  }
  for (const [kind, index] of last) {
    const more = (counts.get(kind) as number) - mostOfOneCode
    if (more > 0) kept[index] = { ...(kept[index] as Diagnostic), more }
  }
  return kept
}

/** The finding with keys hidden: its texts quote the file, which may have a key anywhere. */
const asShown = (finding: Diagnostic, line = ''): Diagnostic => ({
  ...finding,
  message: shown(hideAsIn(finding.message, line, finding.at.column)),
  ...(finding.hint === undefined ? {} : { hint: shown(finding.hint) }),
  ...(finding.related === undefined
    ? {}
    : { related: finding.related.map(({ at, message }) => ({ at, message: shown(message) })) }),
})

/** `push(...)` has a limit on its arguments. */
const append = (found: Diagnostic[], more: readonly Diagnostic[]): void => {
  for (const finding of more) found.push(finding)
}

const notText = (file: string, { name, hint }: { name: string; hint: string }): Diagnostic => ({
  code: 'other-program',
  severity: 'error',
  at: { file, line: 1, column: 1 },
  message: `This is ${name}, no configuration of wg-quick`,
  hint,
})

/** The only finding for such a file. It shows no line: keys in it would not be recognised and hidden. */
const wide = (file: string, encoding: string): Diagnostic => ({
  code: 'wide-encoding',
  severity: 'error',
  at: { file, line: 1, column: 1 },
  message: `The file is ${encoding}, as editors on Windows save it: wg and wg-quick cannot read it`,
  hint: `save it as UTF-8, or: iconv -f ${encoding} -t UTF-8 ${shellWord(file)}`,
})

const oneLine = (file: string): Diagnostic => ({
  code: 'no-line-ends',
  severity: 'error',
  at: { file, line: 1, column: 1 },
  message: 'The lines end with CR alone: to wg and wg-quick all of it is one line',
  hint: `tr '\\r' '\\n' < ${shellWord(file)} makes lines of them`,
})
