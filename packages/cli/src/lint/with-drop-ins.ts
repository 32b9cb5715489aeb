// SPDX-License-Identifier: MIT
import { readConfigFile } from '@wgq/config/config-file'
import type { Diagnostic } from '@wgq/config/diagnostic'
import { parseDocument } from '@wgq/config/document'
import { dropIns } from '@wgq/config/drop-ins'
import { binaryFile, endsLinesWithCr, wideEncoding } from '@wgq/config/encoding'
import { lint } from '@wgq/config/lint/lint'
import type { LintDependencies, LintInput } from '@wgq/config/lint/subject'
import { dropInHint, dropInMessage, strayLine } from '@wgq/config/parts'
import type { Position } from '@wgq/model/error'

/** Findings of files with their drop-ins. */
interface Linted {
  readonly findings: readonly Diagnostic[]
  /** The lines of each file, drop-ins included. */
  readonly sources: ReadonlyMap<string, readonly string[]>
}

/** Lints files, each together with its drop-ins as `up` reads it. Raises the errors of reading drop-ins. */
export const lintWithDropIns = (inputs: readonly LintInput[], dependencies: LintDependencies): Linted => {
  const wholes = new Map(inputs.map(({ file, text }) => [file, withDropIns(file, text)]))
  const together = lint(
    inputs.map((input) => ({ ...input, text: wholes.get(input.file)?.text ?? input.text })),
    dependencies,
  ).map((finding) => wholes.get(finding.at.file)?.placed(finding) ?? finding)
  // wg cannot read these: a drop-in's encoding is all there is to find, and it would hide that of the others.
  const apart = inputs.flatMap(({ file, purpose }) =>
    (wholes.get(file)?.apart ?? []).flatMap((part) =>
      lint([{ file: part.path, text: part.text, purpose }], dependencies),
    ),
  )
  const all = [...wholes.values()]
  return {
    findings: [...together, ...all.flatMap(({ stray }) => stray), ...apart],
    sources: new Map(all.flatMap(({ lines }) => [...lines])),
  }
}

interface Part {
  readonly path: string
  readonly text: string
}

/** A file followed by its drop-ins, for findings across all of them. */
interface WholeText {
  readonly text: string
  /** Maps the positions of a finding to the files that contain the lines. */
  readonly placed: (finding: Diagnostic) => Diagnostic
  readonly lines: ReadonlyMap<string, readonly string[]>
  /** Drop-ins that wg cannot read; they are not in the text. */
  readonly apart: readonly Part[]
  /** Findings about lines of drop-ins that are in no [Peer] section, for which `up` refuses them. */
  readonly stray: readonly Diagnostic[]
}

const withDropIns = (file: string, text: string): WholeText => {
  const more = dropIns(file).map((path): Part => ({ path, text: readConfigFile(path).text }))
  const apart = more.filter((part) => isUnreadable(part.text))
  const readable = more.filter((part) => !isUnreadable(part.text))
  const lines = new Map([{ path: file, text }, ...readable].map((part) => [part.path, linesOf(part)]))
  const common = {
    lines: new Map([...lines, ...apart.map((part) => [part.path, linesOf(part)] as const)]),
    apart,
    stray: readable.flatMap(strayFinding),
  }
  if (lines.size === 1) return { ...common, text, placed: (finding) => finding }
  const place = (at: Position): Position => {
    if (at.file !== file) return at
    let { line } = at
    for (const [path, own] of lines) {
      if (line <= own.length) return { ...at, file: path, line }
      line -= own.length
    }
    return at
  }
  return {
    ...common,
    text: [...lines.values()].map((own) => `${own.join('\n')}\n`).join(''),
    placed: (finding) => ({
      ...finding,
      at: place(finding.at),
      ...(finding.related && { related: finding.related.map((one) => ({ ...one, at: place(one.at) })) }),
    }),
  }
}

const linesOf = ({ text }: Part): string[] => text.replace(/\r?\n$/, '').split(/\r?\n/)

const strayFinding = ({ path, text }: Part): Diagnostic[] => {
  const line = strayLine(parseDocument(text))
  if (line === undefined) return []
  const isHeader = /^[\t-\r ]*\[/.test(text.split('\n')[line - 1] ?? '')
  const code = isHeader ? 'unknown-section' : 'no-section'
  const at = { file: path, line, column: 1 }
  return [{ code, severity: 'error', at, message: dropInMessage, hint: dropInHint }]
}

const isUnreadable = (text: string): boolean =>
  binaryFile(text) !== undefined ||
  wideEncoding(text) !== undefined ||
  endsLinesWithCr(text) ||
  text.startsWith('\ufeff')
