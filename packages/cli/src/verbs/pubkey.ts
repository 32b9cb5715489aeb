// SPDX-License-Identifier: MIT
import { readKeyText } from '@wgq/config/wg/key-file'
import { derivePublicKey } from '@wgq/keys/derive'
import { WgqError } from '@wgq/model/error'
import { isKey, type Key } from '@wgq/model/key'
import type { Handler } from '../command.ts'
import { writeOut } from '../output.ts'
import { sayUsage } from '../say-usage.ts'

const keyLength = 44

/** wg pubkey: reads a private key from standard input, prints its public key (spec wg §8). */
export const run: Handler = async (invocation) => {
  if (invocation.args.length > 0) return sayUsage(invocation)
  writeOut(`${derivePublicKey(readPrivateKey(readKeyText(0), invocation.program))}\n`)
  return 0
}

const readPrivateKey = (text: string, program: string): Key => {
  const malformed = () =>
    new WgqError('E_KEY', `A key of ${keyLength} base64 characters is expected on standard input`, {
      wgText: `${program}: Key is not the correct length or format`,
      hint: '`wgq genkey` prints a valid key',
    })
  if (text.length < keyLength) throw malformed()
  // NUL and white space may follow; wg checks this before the key itself.
  if (/[^\0\t-\r ]/.test(text.slice(keyLength))) {
    throw new WgqError('E_KEY', 'Only white space may follow the key on standard input', {
      wgText: `${program}: Trailing characters found after key`,
    })
  }
  const key = text.slice(0, keyLength)
  if (!isKey(key)) throw malformed()
  return key
}
