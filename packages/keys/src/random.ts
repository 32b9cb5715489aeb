// SPDX-License-Identifier: MIT
// Browser bundles use browser/random.ts instead of this file.
import { closeSync, openSync, readSync } from 'node:fs'

/**
 * Returns random bytes from the kernel. Loading node:crypto for them would double the cost of `genkey` (4 ms,
 * measured). The kernel's generator is certainly seeded: before any script runs, Node itself has called getrandom(2),
 * which waits for that. Without the device (a bare chroot) node:crypto is used.
 */
export const systemRandom = (length: number): Buffer => {
  let fd: number
  try {
    fd = openSync('/dev/urandom', 'r')
  } catch {
    return process.getBuiltinModule('node:crypto').randomBytes(length)
  }
  try {
    // Not from Node's shared pool: the bytes are secret until they are wiped.
    const bytes = Buffer.allocUnsafeSlow(length)
    if (readSync(fd, bytes) === length) return bytes
  } finally {
    closeSync(fd)
  }
  return process.getBuiltinModule('node:crypto').randomBytes(length)
}
