// SPDX-License-Identifier: MIT
import type { AddonError } from '@wgq/native/addon'
import { callsCiphersDirectly } from '@wgq/native/cipher-code'

/** The OpenSSL code that the data plane encrypts packets with. */
interface CipherCode {
  /** Whether its functions are called directly; undefined if the addon cannot be loaded. */
  readonly direct: boolean | undefined
  /** Human-readable line, without a full stop. */
  readonly text: string
}

/** Returns which OpenSSL code encrypts packets under this Node, or why there is none. */
export const cipherCode = (): CipherCode => {
  let direct: boolean
  try {
    direct = callsCiphersDirectly()
  } catch (error) {
    const { message, hint } = error as AddonError
    return { direct: undefined, text: `none: ${message} (${hint})` }
  }
  const openssl = `OpenSSL ${process.versions.openssl} of Node.js ${process.versions.node}`
  return {
    direct,
    text: direct
      ? `ChaCha20 and Poly1305 of ${openssl}, called directly`
      : `${openssl} through EVP, which costs about 50 % more CPU: this Node does not export ChaCha20 and Poly1305`,
  }
}
