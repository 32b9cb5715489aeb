// SPDX-License-Identifier: MIT
import { generatePrivateKey, importPrivateKey, type PrivateKey, x25519 } from '@wgq/native/noise-primitives'

/** Length of a key, a hash and a DH result in bytes. */
export const keyLength = 32

/** A private scalar inside OpenSSL with its public half as bytes. */
export interface KeyPair {
  readonly privateKey: PrivateKey
  readonly publicKey: Buffer
}

/** Makes an ephemeral key pair; tests supply fixed ones. */
export type MakeKeyPair = () => KeyPair

/** Makes a new X25519 key pair. The caller wipes its private half after the last use. */
export const makeKeyPair: MakeKeyPair = () => {
  const publicKey = Buffer.allocUnsafe(keyLength)
  return { privateKey: generatePrivateKey(publicKey), publicKey }
}

/** The key pair of 32 private bytes (OpenSSL clamps). */
export const importKeyPair = (privateBytes: Uint8Array): KeyPair => {
  const publicKey = Buffer.allocUnsafe(keyLength)
  return { privateKey: importPrivateKey(privateBytes, publicKey), publicKey }
}

/** DH: X25519. Undefined when the result is all zero (a low-order point). The caller zeroes the result. */
export const dh = (privateKey: PrivateKey, publicKey: Uint8Array): Buffer | undefined => {
  const shared = Buffer.alloc(keyLength) // may live long: a slice of a pool would keep the whole pool alive
  return x25519(shared, privateKey, publicKey) ? shared : undefined
}
