// SPDX-License-Identifier: MIT
import { generatePresharedKey, generatePrivateKey } from '@wgq/keys/generate'
import type { Handler } from '../command.ts'
import { warnIfOutputIsOpen } from '../open-output.ts'
import { writeOut } from '../output.ts'
import { sayUsage } from '../say-usage.ts'

/** wg genkey, wg genpsk: prints a new key, but first warns if the output file is world-accessible (spec wg §8). */
export const run: Handler = async (invocation) => {
  if (invocation.args.length > 0) return sayUsage(invocation)
  warnIfOutputIsOpen()
  writeOut(`${invocation.verb === 'genkey' ? generatePrivateKey() : generatePresharedKey()}\n`)
  return 0
}
