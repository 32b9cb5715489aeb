// SPDX-License-Identifier: MIT
import type { Command } from './command-row.ts'
import { wrapped } from './terminal-width.ts'

const titles: Record<Command['group'], string> = {
  tunnel: 'Tunnels',
  peers: 'Servers and their peers',
  device: 'Devices',
  keys: 'Keys',
  config: 'Configuration files',
  inspect: 'Looking closer',
  about: 'About',
}

/** `wgq help`: lists every verb of wgq with its summary, by group, in lines of at most `columns` characters. */
export const overview = (commands: readonly Command[], columns?: number): string => {
  const known = commands.filter(({ personalities }) => personalities.includes('wgq'))
  const width = Math.max(...known.map(({ verb }) => verb.length))
  const lines = ['Usage: wgq COMMAND [ARGUMENTS]']
  for (const [group, title] of Object.entries(titles)) {
    const rows = known.filter((row) => row.group === group)
    if (rows.length === 0) continue
    lines.push('', `${title}:`, ...rows.map(({ verb, summary }) => term(verb, summary, width, columns)))
  }
  lines.push('', '`wgq help COMMAND` shows the usage, options and examples of one.', '')
  return lines.join('\n')
}

/** `wgq help peer`: lists the verbs that begin with a word. */
export const groupHelp = (word: string, rows: readonly Command[], columns?: number): string => {
  const width = Math.max(...rows.map(({ verb }) => verb.length))
  const lines = rows.map(({ verb, summary }) => term(verb, summary, width, columns))
  return `${[`Usage: wgq ${word} ACTION [ARGUMENTS]`, '', ...lines, '', `\`wgq help ${word} ACTION\` shows more.`].join('\n')}\n`
}

/** `wgq help VERB`: the usage, operands, options and examples of one verb. */
export const commandHelp = (row: Command, columns?: number): string => {
  const usage = ['wgq', row.verb, row.options.length > 0 ? '[options]' : '', row.usage].filter(Boolean)
  const lines = [`Usage: ${usage.join(' ')}`, '', wrapped(`${row.summary}.`, columns)]
  for (const paragraph of row.description ?? []) lines.push('', wrapped(paragraph, columns))
  const operands = row.operands.map(({ name, summary }): [string, string] => [`<${name}>`, summary])
  const options = row.options.map((option): [string, string] => [optionText(option), option.summary])
  section(lines, 'Arguments', operands, columns)
  section(lines, 'Options', options, columns)
  section(
    lines,
    'Examples',
    row.examples.map(({ command, summary }): [string, string] => [command, summary]),
    columns,
  )
  return `${lines.join('\n')}\n`
}

const optionText = ({ name, short, valueName, valueOptional }: Command['options'][number]): string => {
  const value = valueName === undefined ? '' : valueOptional ? `[=${valueName}]` : `=${valueName}`
  return `${short === undefined ? '' : `-${short}, `}--${name}${value}`
}

const section = (
  lines: string[],
  title: string,
  rows: readonly [string, string][],
  columns: number | undefined,
): void => {
  if (rows.length === 0) return
  const width = Math.max(...rows.map(([word]) => word.length))
  lines.push('', `${title}:`, ...rows.map(([word, text]) => term(word, text, width, columns)))
}

/** A word and its meaning, in a separate column or, on a narrow terminal, below the word. */
const term = (word: string, text: string, width: number, columns: number | undefined): string => {
  const indent = width + 4
  const beside = columns === undefined || columns >= indent + leastMeaning
  const at = beside ? indent : 6
  const lines = wrapped(text, columns === undefined ? undefined : columns - at)
  const meaning = lines.replaceAll('\n', `\n${' '.repeat(at)}`)
  return beside ? `  ${word.padEnd(width)}  ${meaning}` : `  ${word}\n      ${meaning}`
}

const leastMeaning = 30
