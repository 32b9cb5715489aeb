// SPDX-License-Identifier: MIT
// Replaces ../derive.ts where there is no node:crypto.
import { x25519 } from '@noble/curves/ed25519.js'
import { type Key, keyBytes, keyFromBytes } from '@wgq/model/key'

/** wg pubkey: the public key of a private key, X25519 with the base point; the function clamps (RFC 7748 §5). */
export const derivePublicKey = (privateKey: Key): Key => {
  const secret = keyBytes(privateKey)
  try {
    return keyFromBytes(x25519.getPublicKey(secret))
  } finally {
    secret.fill(0)
  }
}
