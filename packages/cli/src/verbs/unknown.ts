// SPDX-License-Identifier: MIT
import type { Handler } from '../command.ts'
import { writeErr } from '../output.ts'
import { wgOverview } from '../usage.ts'

/** A word that is no verb: says so, shows the overview, status 1 (spec wg §1). */
export const run: Handler = async ({ personality, program, verb }) => {
  if (personality === 'wg') writeErr(`Invalid subcommand: \`${verb}'\n${wgOverview(program)}`)
  else writeErr(`wgq: ${JSON.stringify(verb)} is no command\n  hint: \`wgq help\` lists them\n`)
  return 1
}
