// SPDX-License-Identifier: MIT
import { loadAddon } from './addon.ts'

// The primitives of Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s by the OpenSSL of the Node binary. Results are written to
// buffers of the caller: each secret is in one place, which the caller wipes. A buffer of the wrong length raises a
// TypeError that names it. Linux.

declare const insideOpenSsl: unique symbol

/** A private X25519 key inside OpenSSL; its scalar is never a JavaScript value. Wiped by {@link wipePrivateKey}, or when
 *  it is collected. */
export interface PrivateKey {
  readonly [insideOpenSsl]: true
}

interface Binding {
  generateKey(publicKey: Uint8Array): PrivateKey
  importKey(bytes: Uint8Array, publicKey: Uint8Array): PrivateKey
  wipeKey(key: PrivateKey): void
  reseed(): void
  x25519(out: Uint8Array, own: PrivateKey, other: Uint8Array): boolean
  hash(out: Uint8Array, first: Uint8Array, second?: Uint8Array): void
  kdf(key: Uint8Array, input: Uint8Array, ...outputs: Uint8Array[]): void
  mac(out: Uint8Array, key: Uint8Array, data: Uint8Array): void
  seal(out: Uint8Array, key: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): void
  open(out: Uint8Array, key: Uint8Array, sealed: Uint8Array, associated: Uint8Array): boolean
}

const binding = (): Binding => loadAddon().noise

/** Makes a new private key; writes its public half to `publicKey`, 32 bytes. */
export const generatePrivateKey = (publicKey: Uint8Array): PrivateKey => binding().generateKey(publicKey)

/** Makes a private key from 32 bytes (OpenSSL clamps); writes its public half to `publicKey`, 32 bytes. */
export const importPrivateKey = (bytes: Uint8Array, publicKey: Uint8Array): PrivateKey =>
  binding().importKey(bytes, publicKey)

/** Wipes a private key at once; using it afterwards raises an error. */
export const wipePrivateKey = (key: PrivateKey): void => binding().wipeKey(key)

/** Seeds OpenSSL's random generators anew from the system: a copy of this machine has the same ones. Raises an error if
 *  the system gives no randomness. */
export const reseedRandom = (): void => binding().reseed()

/** X25519 (RFC 7748) of a private and a public key of 32 bytes, written to `out`, 32 bytes. False, and `out` zero, for a
 *  low-order point, whose result is all zero. */
export const x25519 = (out: Uint8Array, own: PrivateKey, other: Uint8Array): boolean =>
  binding().x25519(out, own, other)

/** HASH: BLAKE2s-256 of both parts concatenated, written to `out`, 32 bytes, which may be one of them. */
export const hash = (out: Uint8Array, first: Uint8Array, second?: Uint8Array): void =>
  binding().hash(out, first, second)

/** KDF1, KDF2 and KDF3 (spec protocol §1): HKDF on HMAC-BLAKE2s with a key of 32 bytes, one output of 32 bytes for each
 *  buffer given, which may be `key` or `input` itself. */
export const kdf = (
  key: Uint8Array,
  input: Uint8Array,
  first: Uint8Array,
  second?: Uint8Array,
  third?: Uint8Array,
): void => binding().kdf(key, input, first, second as Uint8Array, third as Uint8Array)

/** MAC: keyed BLAKE2s with a key of 16 or 32 bytes, written to `out`, 16 bytes. */
export const mac = (out: Uint8Array, key: Uint8Array, data: Uint8Array): void => binding().mac(out, key, data)

/** AEAD(key, 0, plaintext, associated): ChaCha20-Poly1305 (RFC 8439), written to `out`, which is 16 bytes longer than
 *  the plaintext. */
export const seal = (out: Uint8Array, key: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): void =>
  binding().seal(out, key, plaintext, associated)

/** The plaintext of {@link seal}, written to `out`, which is 16 bytes shorter than the sealed text. False, and `out`
 *  zero, when the tag is wrong. */
export const open = (out: Uint8Array, key: Uint8Array, sealed: Uint8Array, associated: Uint8Array): boolean =>
  binding().open(out, key, sealed, associated)
