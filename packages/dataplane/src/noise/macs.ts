// SPDX-License-Identifier: MIT
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { hash, mac } from '@wgq/native/noise-primitives'
import { keyLength } from './dh.ts'
import { cookieReply, macLength } from './messages.ts'

/** Key of mac1 in messages to the owner of `publicKey`: HASH("mac1----" ‖ key). */
export const mac1Key = (publicKey: Uint8Array): Buffer => labelled('mac1----', publicKey)

/** Key that encrypts cookies of the owner of `publicKey`: HASH("cookie--" ‖ key). */
export const cookieKey = (publicKey: Uint8Array): Buffer => labelled('cookie--', publicKey)

const labelled = (label: string, publicKey: Uint8Array): Buffer => {
  const key = Buffer.alloc(keyLength)
  hash(key, Buffer.from(label), publicKey)
  return key
}

/**
 * Writes mac1 and, with a cookie, mac2 into the last 32 bytes of a handshake message (§3.1 step 9). Returns mac1, to
 * which a cookie reply is bound.
 */
export const addMacs = (message: Buffer, key: Uint8Array, cookie: Uint8Array | undefined): Buffer => {
  const mac2At = message.length - macLength
  const mac1At = mac2At - macLength
  const mac1 = Buffer.alloc(macLength)
  mac(mac1, key, message.subarray(0, mac1At))
  mac1.copy(message, mac1At)
  if (cookie) mac(message.subarray(mac2At), cookie, message.subarray(0, mac2At))
  return mac1
}

/** The cookie inside a cookie reply to the message whose mac1 is given (§6.3); undefined if it is not genuine. */
export const openCookie = (reply: Buffer, key: Uint8Array, mac1: Uint8Array): Uint8Array | undefined => {
  const nonce = reply.subarray(cookieReply.nonce, cookieReply.cookie)
  try {
    return xchacha20poly1305(key, nonce, mac1).decrypt(reply.subarray(cookieReply.cookie))
  } catch {
    return undefined
  }
}
