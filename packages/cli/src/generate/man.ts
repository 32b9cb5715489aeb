// SPDX-License-Identifier: MIT
import type { Command } from '../command-row.ts'
import { commands } from '../command-table.ts'

/**
 * The part of wgq(8) that comes from the command table: one entry per verb. Written in man(7), the predecessor of mdoc.
 */
export const manCommands = (): string =>
  commands
    .filter(({ personalities }) => personalities.includes('wgq'))
    .map(manCommand)
    .join('')

const manCommand = (row: Command): string => {
  const lines = [
    '.TP',
    `.B wgq ${roff(row.verb)}${row.usage === '' ? '' : `\\fR ${roff(row.usage)}`}`,
    `${roff(row.summary)}.`,
  ]
  for (const paragraph of row.description ?? []) lines.push('.IP', roff(paragraph))
  for (const { name, short, summary, valueName, valueOptional } of row.options) {
    const value =
      valueName === undefined
        ? ''
        : valueOptional
          ? `\\fR[=\\fI${roff(valueName)}\\fR]`
          : `\\fR=\\fI${roff(valueName)}`
    lines.push(
      '.RS',
      '.TP',
      `\\fB${short === undefined ? '' : `\\-${short}\\fR, \\fB`}\\-\\-${roff(name)}${value}\\fR`,
      roff(summary),
      '.RE',
    )
  }
  for (const { command, summary } of row.examples)
    lines.push('.RS', '.TP', `\\fB${roff(command)}\\fR`, roff(summary), '.RE')
  return `${lines.join('\n')}\n`
}

/** Escapes text for roff: no line begins with a control character, hyphens and backslashes are printed as such. */
const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('→', '\\->')
    .replaceAll('…', '...')
    .replace(/^\./, '\\&.')
