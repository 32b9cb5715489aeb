// SPDX-License-Identifier: MIT

import { visible } from '@wgq/model/shown'
import { writeErr } from './output.ts'
import { isTerminal } from './terminal.ts'

/** Shorter operations show nothing. */
const quietMs = 1000

/**
 * A line on standard error with the duration of an operation: only on a terminal, only after a second, and removed at
 * the end. Each redraw calls `say` with the seconds so far.
 */
export class Progress {
  private readonly say: (seconds: number) => string
  private readonly begun = performance.now()
  private readonly timer: NodeJS.Timeout | undefined
  private shown = false

  constructor(say: (seconds: number) => string, onTerminal = isTerminal(2)) {
    this.say = say
    this.timer = onTerminal ? setInterval(() => this.draw(), 250) : undefined
    this.timer?.unref()
  }

  /** Removes the line. */
  end(): void {
    clearInterval(this.timer)
    if (this.shown) writeErr('\r\x1b[K')
    this.shown = false
  }

  private draw(): void {
    const elapsedMs = performance.now() - this.begun
    if (elapsedMs < quietMs) return
    this.shown = true
    writeErr(`\r${visible(this.say(Math.floor(elapsedMs / 1000)))}\x1b[K`)
  }
}
