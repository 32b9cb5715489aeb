// SPDX-License-Identifier: MIT
import type { Diagnostic } from '@wgq/config/diagnostic'
import { visible } from '@wgq/model/shown'
import type { Painter, Style } from '../colour.ts'
import { shownWindow } from '../shown-line.ts'

/** The lines of each file, by the file name used in findings. */
type Sources = ReadonlyMap<string, readonly string[]>

/** Formats a finding for people: position, message and code; the line with a caret; the hint and related positions. */
export const formatFinding = (finding: Diagnostic, sources: Sources, paint: Painter): string => {
  const { at, severity, message, code, hint, related = [], more } = finding
  const place = paint('bold', `${visible(at.file)}:${at.line}:${at.column}:`)
  const lines = [
    `${place} ${paint(colours[severity], `${severity}:`)} ${message} ${paint('dim', `[${code}]`)}`,
  ]
  const text = sources.get(at.file)?.[at.line - 1]
  // In UTF-16 neither a reader nor a rule recognises what is in the line.
  if (text !== undefined && text !== '' && code !== 'wide-encoding')
    lines.push(...excerpt(finding, text, paint))
  if (hint !== undefined) lines.push(`  ${paint('cyan', 'hint:')} ${hint}`)
  for (const one of related) {
    lines.push(`  ${paint('dim', `${visible(one.at.file)}:${one.at.line}:${one.at.column}: ${one.message}`)}`)
  }
  if (more !== undefined) lines.push(`  ${paint('dim', `and ${more} more of ${code}, not shown`)}`)
  return `${lines.join('\n')}\n`
}

/** Formats a summary: `2 errors, 1 warning in 1 file`. */
export const formatSummary = (findings: readonly Diagnostic[], files: number): string => {
  const count = (severity: Diagnostic['severity'], word: string): string[] => {
    const number = findings
      .filter((finding) => finding.severity === severity)
      .reduce((sum, { more = 0 }) => sum + 1 + more, 0)
    return number === 0 ? [] : [`${number} ${word}${number === 1 || word === 'info' ? '' : 's'}`]
  }
  const counts = [...count('error', 'error'), ...count('warning', 'warning'), ...count('info', 'info')]
  return `${counts.join(', ') || 'no findings'} in ${files} file${files === 1 ? '' : 's'}\n`
}

const colours: Record<Diagnostic['severity'], Style> = { error: 'red', warning: 'yellow', info: 'cyan' }

const excerpt = ({ at, width = 1, severity }: Diagnostic, text: string, paint: Painter): string[] => {
  const { text: shown, column } = shownWindow(text, at.column)
  const start = column - 1
  const gutter = ` ${String(at.line).padStart(3)} | `
  // Keep tabs, so that the caret is below its character at any tab width.
  const pad = shown.slice(0, start).replace(/[^\t]/g, ' ')
  const carets = '^'.repeat(Math.max(1, Math.min(width, shown.length - start)))
  return [
    paint('dim', gutter) + shown,
    paint('dim', gutter.replace(/[0-9]/g, ' ')) + pad + paint(colours[severity], carets),
  ]
}
