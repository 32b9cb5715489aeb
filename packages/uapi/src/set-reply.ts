// SPDX-License-Identifier: MIT
import { protocolError } from './reply-error.ts'

/** Reads a `set=1` reply line by line (spec wg §12.2). Other keys are ignored, the last `errno` counts. */
export class SetReplyReader {
  private errno: number | undefined

  /** Takes one line without its line end. Raises `E_DEVICE` (`EPROTO`) for junk. */
  line(line: string): void {
    const equals = line.indexOf('=')
    if (equals < 0) throw protocolError('a line without "="')
    if (line.slice(0, equals) !== 'errno') return
    const value = line.slice(equals + 1)
    const number = Number(value)
    if (!/^[+-]?[0-9]+$/.test(value) || number > 0x7fffffff || number < -0x80000000) {
      throw protocolError('errno is not a 32-bit number')
    }
    this.errno = number
  }

  /** The errno of the reply: 0 for success, else negative as servers send it (a positive one is odd and kept). */
  finish(): number {
    if (this.errno === undefined) throw protocolError('no errno before the blank line')
    return this.errno
  }
}
