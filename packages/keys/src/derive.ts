// SPDX-License-Identifier: MIT
// In bundles for browsers browser/derive.ts takes the place of this file.
import { type Key, keyBytes, keyFromBytes } from '@wgq/model/key'

// RFC 8410: PrivateKeyInfo of X25519 up to the 32 bytes of the key.
const pkcs8Header = Buffer.from('302e020100300506032b656e04220420', 'hex')

/**
 * wg pubkey: the public key of a private key, X25519 with the base point. Any 32 bytes will do: the function clamps
 * (RFC 7748 §5), so a key of zeros has a public key too.
 */
export const derivePublicKey = (privateKey: Key): Key => {
  // Loaded when the first key comes, not with this module: 4 ms that most runs of `wg show` can save.
  const { createPrivateKey } = process.getBuiltinModule('node:crypto')
  const secret = keyBytes(privateKey)
  const der = Buffer.concat([pkcs8Header, secret])
  // As JSON Web Key: RFC 8037 carries the raw bytes, and exporting it is 0.7 ms cheaper than DER.
  const { x = '' } = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' })
  secret.fill(0)
  der.fill(0)
  return keyFromBytes(Buffer.from(x, 'base64url'))
}
