// SPDX-License-Identifier: MIT
import { loadAddon } from './addon.ts'

/**
 * Whether packets are encrypted by OpenSSL's ChaCha20 and Poly1305, called by name; else through EVP, which costs about
 * 50 % more CPU. The official builds of Node export these functions; those that use the system's OpenSSL do not.
 * Raises `E_NO_ADDON`.
 */
export const callsCiphersDirectly = (): boolean => loadAddon().callsCiphersDirectly()
