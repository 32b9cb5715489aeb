// SPDX-License-Identifier: MIT
import { WgqError } from './error.ts'
import { bytesOfBase64, bytesOfHex, toBase64, toHex } from './key-encoding.ts'

declare const keyBrand: unique symbol

/** A 32-byte key as its canonical base64 text (44 characters). Made only by this module. */
export type Key = string & { readonly [keyBrand]: 'Key' }

// 43 characters carry 258 bits: the two low bits of the last one must be zero (spec wg §8).
const canonical = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/

/** Returns whether `text` is a key exactly as `wg` accepts it: 44 characters, standard alphabet, canonical padding. */
export const isKey = (text: string): text is Key => canonical.test(text)

/** Reads a base64 key. Raises `E_KEY`; the message gives the length only, because the text may be a secret. */
export const parseKey = (text: string): Key => {
  if (isKey(text)) return text
  throw new WgqError(
    'E_KEY',
    `A key is 44 base64 characters ending in "=", found ${text.length} characters`,
    {
      hint: '`wgq genkey` prints a valid key',
    },
  )
}

/** The 32 bytes of a key, in a new buffer; in a browser a plain Uint8Array. */
export const keyBytes = (key: Key): Buffer => bytesOfBase64(key)

/** The key made of exactly 32 bytes. Raises `E_KEY` for any other length. */
export const keyFromBytes = (bytes: Uint8Array): Key => {
  if (bytes.length !== 32) throw new WgqError('E_KEY', `A key has 32 bytes, found ${bytes.length}`)
  return toBase64(bytes) as Key
}

/** The key of 64 hexadecimal digits in either case (UAPI); undefined for anything else. */
export const keyFromHex = (hex: string): Key | undefined =>
  /^[0-9a-fA-F]{64}$/.test(hex) ? (toBase64(bytesOfHex(hex)) as Key) : undefined

/** 64 lower-case hexadecimal digits (UAPI). */
export const keyToHex = (key: Key): string => toHex(bytesOfBase64(key))

/** All zero: means "no key" wherever a key can be unset. */
export const zeroKey = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' as Key
