// SPDX-License-Identifier: MIT
import { nearest } from '@wgq/config/nearest'
import { visible } from '@wgq/model/shown'
import type { Handler } from '../command.ts'
import { commands } from '../command-table.ts'
import { firstWords } from '../generate/first-words.ts'
import { writeErr } from '../output.ts'
import { wgOverview } from '../usage.ts'

/** Handles a word that is not a verb: reports it, prints the overview, exit status 1 (spec wg §1). */
export const run: Handler = async ({ personality, program, verb }) => {
  if (personality === 'wg') writeErr(`Invalid subcommand: \`${verb}'\n${wgOverview(program)}`)
  else writeErr(noCommand(verb))
  return 1
}

/** The message for an unknown command, with a suggestion. */
export const noCommand = (word: string): string => {
  const guess = nearest(word, firstWords(commands))
  const hint = guess === undefined ? '`wgq help` lists them' : `did you mean \`wgq ${guess}\`?`
  return `wgq: ${visible(JSON.stringify(word))} is not a command\n  hint: ${hint}\n`
}
