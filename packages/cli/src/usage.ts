// SPDX-License-Identifier: MIT
import type { Invocation, Personality } from './command.ts'
import { commands, findCommand } from './command-table.ts'

/** `Usage: PROGRAM VERB …` as one line with a newline. */
export const usageLine = ({ program, verb, personality }: Invocation): string => {
  const usage = findCommand(verb, personality)?.usage ?? ''
  return `Usage: ${program} ${verb}${usage === '' ? '' : ` ${usage}`}\n`
}

/** The overview of `wg help`, also shown for an unknown subcommand (spec wg §1). */
export const wgOverview = (program: string): string => {
  const rows = commands.filter(({ personalities }) => personalities.includes('wg' as Personality))
  return [
    `Usage: ${program} <cmd> [<args>]`,
    '',
    'Available subcommands:',
    ...rows.map(({ verb, summary }) => `  ${verb}: ${summary}`),
    "Give `--help' to any subcommand to see how it is used.",
    '',
  ].join('\n')
}
