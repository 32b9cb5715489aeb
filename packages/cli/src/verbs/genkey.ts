// SPDX-License-Identifier: MIT
import { fstatSync } from 'node:fs'
import { generatePresharedKey, generatePrivateKey } from '@wgq/keys/generate'
import type { Handler } from '../command.ts'
import { writeErr, writeOut } from '../output.ts'
import { usageLine } from '../usage.ts'

/** wg genkey, wg genpsk: prints a new key, warns first when the file it goes to is open to everybody (spec wg §8). */
export const run: Handler = async (invocation) => {
  if (invocation.args.length > 0) {
    writeErr(usageLine(invocation))
    return 1
  }
  if (outputIsWorldAccessible()) {
    writeErr(
      'Warning: writing to world accessible file.\nConsider setting the umask to 077 and trying again.\n',
    )
  }
  writeOut(`${invocation.verb === 'genkey' ? generatePrivateKey() : generatePresharedKey()}\n`)
  return 0
}

const outputIsWorldAccessible = (): boolean => {
  try {
    const stat = fstatSync(1)
    return stat.isFile() && (stat.mode & 0o007) !== 0
  } catch {
    return false
  }
}
