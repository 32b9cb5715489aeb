// SPDX-License-Identifier: MIT
import { readConfigFile } from '@wgq/config/config-file'
import type { Diagnostic } from '@wgq/config/diagnostic'
import { dropIns } from '@wgq/config/drop-ins'
import type { Position } from '@wgq/model/error'

/** A file followed by its drop-ins, for findings across all of them. */
interface WholeText {
  readonly text: string
  /** Maps the positions of a finding to the files that contain the lines. */
  readonly placed: (finding: Diagnostic) => Diagnostic
  /** Lines of each file. */
  readonly lines: ReadonlyMap<string, readonly string[]>
}

/** Concatenates a file and its drop-ins. Raises the errors of reading them. */
export const withDropIns = (file: string, text: string): WholeText => {
  const parts = [
    { path: file, text },
    ...dropIns(file).map((path) => ({ path, text: readConfigFile(path).text })),
  ]
  const lines = new Map(parts.map((part) => [part.path, part.text.replace(/\r?\n$/, '').split(/\r?\n/)]))
  if (parts.length === 1) return { text, placed: (finding) => finding, lines }
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
    text: [...lines.values()].map((own) => `${own.join('\n')}\n`).join(''),
    placed: (finding) => ({
      ...finding,
      at: place(finding.at),
      ...(finding.related && { related: finding.related.map((one) => ({ ...one, at: place(one.at) })) }),
    }),
    lines,
  }
}
