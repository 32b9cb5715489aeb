// SPDX-License-Identifier: MIT
import { timingSafeEqual } from 'node:crypto'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { hash, mac } from './hash.ts'
import { cookieReply, macLength } from './messages.ts'

/** Key of mac1 in messages to the owner of `publicKey`: HASH("mac1----" ‖ key). */
export const mac1Key = (publicKey: Uint8Array): Buffer => hash(Buffer.from('mac1----'), publicKey)

/** Key that encrypts cookies of the owner of `publicKey`: HASH("cookie--" ‖ key). */
export const cookieKey = (publicKey: Uint8Array): Buffer => hash(Buffer.from('cookie--'), publicKey)

/**
 * Writes mac1 and, with a cookie, mac2 into the last 32 bytes of a handshake message (§3.1 step 9). Returns mac1, which a
 * cookie reply is bound to.
 */
export const addMacs = (message: Buffer, key: Uint8Array, cookie: Uint8Array | undefined): Buffer => {
  const mac2At = message.length - macLength
  const mac1At = mac2At - macLength
  const mac1 = Buffer.from(mac(key, message.subarray(0, mac1At)))
  mac1.copy(message, mac1At)
  if (cookie) message.set(mac(cookie, message.subarray(0, mac2At)), mac2At)
  return mac1
}

/** Whether mac1 of a handshake message is right, in constant time. */
export const mac1Holds = (message: Buffer, key: Uint8Array): boolean => {
  const mac2At = message.length - macLength
  const mac1At = mac2At - macLength
  return timingSafeEqual(mac(key, message.subarray(0, mac1At)), message.subarray(mac1At, mac2At))
}

/** The cookie inside a cookie reply to the message whose mac1 is given (§6.3); undefined when it is not genuine. */
export const openCookie = (reply: Buffer, key: Uint8Array, mac1: Uint8Array): Uint8Array | undefined => {
  const nonce = reply.subarray(cookieReply.nonce, cookieReply.cookie)
  try {
    return xchacha20poly1305(key, nonce, mac1).decrypt(reply.subarray(cookieReply.cookie))
  } catch {
    return undefined
  }
}
