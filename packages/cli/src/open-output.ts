// SPDX-License-Identifier: MIT
import { fstatSync } from 'node:fs'
import { writeErr } from './output.ts'

/** Warns, as `wg genkey` does, if standard output is a world-accessible file (spec wg §8). */
export const warnIfOutputIsOpen = (): void => {
  if (!outputIsWorldAccessible()) return
  writeErr(
    'Warning: writing to world accessible file.\nConsider setting the umask to 077 and trying again.\n',
  )
}

const outputIsWorldAccessible = (): boolean => {
  try {
    const stat = fstatSync(1)
    return stat.isFile() && (stat.mode & 0o007) !== 0
  } catch {
    return false
  }
}
