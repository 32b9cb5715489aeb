// SPDX-License-Identifier: MIT
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { macLength } from './messages.ts'

const options = { authTagLength: macLength }
// Each handshake key encrypts one message, with counter 0 (spec protocol §3).
const nonceZero = new Uint8Array(12)

/** AEAD(key, 0, plaintext, aad): ChaCha20-Poly1305 (RFC 8439), the tag appended. */
export const seal = (key: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Buffer => {
  const cipher = createCipheriv('chacha20-poly1305', key, nonceZero, options)
  cipher.setAAD(aad, { plaintextLength: plaintext.length })
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** The plaintext of {@link seal}; undefined when the tag is wrong. */
export const open = (key: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Buffer | undefined => {
  const body = sealed.length - macLength
  const decipher = createDecipheriv('chacha20-poly1305', key, nonceZero, options)
  decipher.setAAD(aad, { plaintextLength: body })
  decipher.setAuthTag(sealed.subarray(body))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, body)), decipher.final()])
  } catch {
    return undefined
  }
}
