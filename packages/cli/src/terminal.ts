// SPDX-License-Identifier: MIT
import { fstatSync } from 'node:fs'

/** Whether a descriptor is a terminal. Most are files or pipes, for which node:tty, and node:net with it, is not loaded. */
export const isTerminal = (fd: number): boolean => {
  try {
    return fstatSync(fd).isCharacterDevice() && process.getBuiltinModule('node:tty').isatty(fd)
  } catch {
    return false
  }
}
