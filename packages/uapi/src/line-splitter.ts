// SPDX-License-Identifier: MIT
import { protocolError } from './reply-error.ts'

/**
 * Cuts a stream of bytes into the lines of one UAPI message. A reply may be megabytes long and arrives in pieces of any
 * size: only the unfinished last line is kept between two pieces.
 */
export class LineSplitter {
  private rest = ''
  private finished = false
  private readonly onLine: (line: string) => void

  constructor(onLine: (line: string) => void) {
    this.onLine = onLine
  }

  /** True once the blank line has been seen; what follows it is ignored. */
  get done(): boolean {
    return this.finished
  }

  /**
   * Takes the next piece of the stream. Raises `E_DEVICE` (`EPROTO`) for a NUL byte; `wg` fails too, because NUL ends
   * the line early. Errors of the line handler pass through.
   */
  push(piece: Buffer): void {
    const text = this.rest + piece.toString('latin1')
    let start = 0
    while (!this.finished) {
      const end = text.indexOf('\n', start)
      if (end < 0) break
      if (end === start) this.finished = true
      else this.onLine(withoutNul(text.slice(start, end)))
      start = end + 1
    }
    // A slice would keep the whole piece alive; the rest of a line is short.
    this.rest = Buffer.from(text.slice(start), 'latin1').toString('latin1')
  }
}

const withoutNul = (line: string): string => {
  if (line.includes('\0')) throw protocolError('a NUL byte')
  return line
}
