// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'

/** The words of a process, with blanks between and after them; empty once it has ended. */
export const commandLine = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}
