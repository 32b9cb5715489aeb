// SPDX-License-Identifier: MIT
import type { Handler } from '../command.ts'
import { commands, findCommand } from '../command-table.ts'
import { commandHelp, overview } from '../help.ts'
import { writeErr, writeOut } from '../output.ts'
import { wgOverview } from '../usage.ts'

/** wg help, wgq help [VERB]. */
export const run: Handler = async ({ personality, program, args }) => {
  if (personality === 'wg') {
    writeOut(wgOverview(program))
    return 0
  }
  const [verb] = args
  if (verb === undefined) {
    writeOut(overview(commands))
    return 0
  }
  const row = findCommand(verb, 'wgq')
  if (!row) {
    writeErr(`wgq: ${JSON.stringify(verb)} is no command\n  hint: \`wgq help\` lists them\n`)
    return 1
  }
  writeOut(commandHelp(row))
  return 0
}
