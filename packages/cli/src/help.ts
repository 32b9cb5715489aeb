// SPDX-License-Identifier: MIT
import type { Command } from './command-table.ts'

const titles: Record<Command['group'], string> = {
  tunnel: 'Tunnels',
  device: 'Devices',
  keys: 'Keys',
  config: 'Configuration files',
  inspect: 'Looking closer',
  about: 'About',
}

/** `wgq help`: every verb of wgq with its summary, by group. */
export const overview = (commands: readonly Command[]): string => {
  const known = commands.filter(({ personalities }) => personalities.includes('wgq'))
  const width = Math.max(...known.map(({ verb }) => verb.length))
  const lines = ['Usage: wgq COMMAND [ARGUMENTS]']
  for (const [group, title] of Object.entries(titles)) {
    const rows = known.filter((row) => row.group === group)
    if (rows.length === 0) continue
    lines.push('', `${title}:`, ...rows.map(({ verb, summary }) => `  ${verb.padEnd(width)}  ${summary}`))
  }
  lines.push('', '`wgq help COMMAND` shows the usage, options and examples of one.', '')
  return lines.join('\n')
}

/** `wgq help VERB`: usage, operands, options and examples of one verb. */
export const commandHelp = (row: Command): string => {
  const usage = ['wgq', row.verb, row.options.length > 0 ? '[options]' : '', row.usage].filter(Boolean)
  const lines = [`Usage: ${usage.join(' ')}`, '', `${row.summary}.`]
  for (const paragraph of row.description ?? []) lines.push('', paragraph)
  const operands = row.operands.map(({ name, summary }): [string, string] => [`<${name}>`, summary])
  const options = row.options.map((option): [string, string] => [optionText(option), option.summary])
  section(lines, 'Arguments', operands)
  section(lines, 'Options', options)
  section(
    lines,
    'Examples',
    row.examples.map(({ command, summary }): [string, string] => [command, summary]),
  )
  return `${lines.join('\n')}\n`
}

const optionText = ({ name, short, valueName, valueOptional }: Command['options'][number]): string => {
  const value = valueName === undefined ? '' : valueOptional ? `[=${valueName}]` : `=${valueName}`
  return `${short === undefined ? '' : `-${short}, `}--${name}${value}`
}

const section = (lines: string[], title: string, rows: readonly [string, string][]): void => {
  if (rows.length === 0) return
  const width = Math.max(...rows.map(([term]) => term.length))
  lines.push('', `${title}:`, ...rows.map(([term, text]) => `  ${term.padEnd(width)}  ${text}`))
}
