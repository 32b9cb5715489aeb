// SPDX-License-Identifier: MIT
// In bundles for browsers browser/random.ts takes the place of this file.
import { closeSync, openSync, readSync } from 'node:fs'

/**
 * Random bytes of the kernel. Loading node:crypto for them would double the cost of `genkey` (4 ms, measured). That the
 * kernel's generator is seeded is certain: Node itself has drawn from it with getrandom(2), which waits, before any script
 * runs. Without the device (a bare chroot) node:crypto is asked.
 */
export const systemRandom = (length: number): Buffer => {
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
