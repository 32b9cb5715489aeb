// SPDX-License-Identifier: MIT
import type { Handler } from '../command.ts'
import { commands, commandsUnder, findCommand } from '../command-table.ts'
import { commandHelp, groupHelp, overview } from '../help.ts'
import { writeErr, writeOut } from '../output.ts'
import { terminalColumns } from '../terminal-width.ts'
import { wgOverview } from '../usage.ts'
import { noCommand } from './unknown.ts'

/** wg help, wgq help [VERB]. */
export const run: Handler = async ({ personality, program, args }) => {
  if (personality === 'wg') {
    writeOut(wgOverview(program))
    return 0
  }
  const [word] = args
  const verb = word === 'status' ? 'list' : word
  if (verb === undefined) {
    writeOut(overview(commands, terminalColumns(1)))
    return 0
  }
  const row = findCommand(args.slice(0, 2).join(' '), 'wgq') ?? findCommand(verb, 'wgq')
  const under = commandsUnder(verb)
  if (row) writeOut(commandHelp(row, terminalColumns(1)))
  else if (under.length > 0) writeOut(groupHelp(verb, under, terminalColumns(1)))
  else {
    writeErr(noCommand(verb))
    return 1
  }
  return 0
}
