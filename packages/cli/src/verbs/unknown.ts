// SPDX-License-Identifier: MIT
import { nearest } from '@wgq/config/nearest'
import type { Handler } from '../command.ts'
import { commands } from '../command-table.ts'
import { firstWords } from '../generate/first-words.ts'
import { writeErr } from '../output.ts'
import { wgOverview } from '../usage.ts'

/** A word that is no verb: says so, shows the overview, status 1 (spec wg §1). */
export const run: Handler = async ({ personality, program, verb }) => {
  if (personality === 'wg') writeErr(`Invalid subcommand: \`${verb}'\n${wgOverview(program)}`)
  else writeErr(noCommand(verb))
  return 1
}

/** What to say of a word that is no command: the one that was meant, as far as that can be told. */
export const noCommand = (word: string): string => {
  const guess = nearest(word, firstWords(commands))
  const hint = guess === undefined ? '`wgq help` lists them' : `did you mean \`wgq ${guess}\`?`
  return `wgq: ${JSON.stringify(word)} is no command\n  hint: ${hint}\n`
}
