// SPDX-License-Identifier: MIT
import { fstatSync, statSync } from 'node:fs'

/**
 * Whether a descriptor is a terminal. Most are files, pipes or /dev/null, which are detected without loading node:tty
 * and node:net.
 */
export const isTerminal = (fd: number): boolean => {
  try {
    const status = fstatSync(fd)
    if (!status.isCharacterDevice() || status.rdev === statSync('/dev/null').rdev) return false
    return process.getBuiltinModule('node:tty').isatty(fd)
  } catch {
    return false
  }
}
