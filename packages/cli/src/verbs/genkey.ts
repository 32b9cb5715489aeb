// SPDX-License-Identifier: MIT
import { generatePresharedKey, generatePrivateKey } from '@wgq/keys/generate'
import type { Handler } from '../command.ts'
import { warnIfOutputIsOpen } from '../open-output.ts'
import { writeErr, writeOut } from '../output.ts'
import { usageLine } from '../usage.ts'

/** wg genkey, wg genpsk: prints a new key, warns first when the file it goes to is open to everybody (spec wg §8). */
export const run: Handler = async (invocation) => {
  if (invocation.args.length > 0) {
    writeErr(usageLine(invocation))
    return 1
  }
  warnIfOutputIsOpen()
  writeOut(`${invocation.verb === 'genkey' ? generatePrivateKey() : generatePresharedKey()}\n`)
  return 0
}
