// SPDX-License-Identifier: MIT
import { closeSync, openSync, readSync } from 'node:fs'
import { type Key, keyFromBytes } from '@wgq/model/key'
import { clamp } from './clamp.ts'

/** Fills a buffer of the given length with random bytes fit for keys. */
type RandomBytes = (length: number) => Buffer

/** wg genkey: a new Curve25519 private key, clamped (RFC 7748 §5). */
export const generatePrivateKey = (random: RandomBytes = systemRandom): Key => taken(clamp(random(32)))

/** wg genpsk: 32 random bytes, not clamped. */
export const generatePresharedKey = (random: RandomBytes = systemRandom): Key => taken(random(32))

/** The key of `bytes`, which are wiped: the text is the only copy that remains. */
const taken = (bytes: Buffer): Key => {
  const key = keyFromBytes(bytes)
  bytes.fill(0)
  return key
}

/**
 * Random bytes of the kernel. Loading node:crypto for them would double the cost of `genkey` (4 ms, measured). That the
 * kernel's generator is seeded is certain: Node itself has drawn from it with getrandom(2), which waits, before any script
 * runs. Without the device (a bare chroot) node:crypto is asked.
 */
const systemRandom: RandomBytes = (length) => {
  let fd: number
  try {
    fd = openSync('/dev/urandom', 'r')
  } catch {
    return process.getBuiltinModule('node:crypto').randomBytes(length)
  }
  try {
    // Not from the shared pool: the bytes are secret until they are wiped.
    const bytes = Buffer.allocUnsafeSlow(length)
    if (readSync(fd, bytes) === length) return bytes
  } finally {
    closeSync(fd)
  }
  return process.getBuiltinModule('node:crypto').randomBytes(length)
}
