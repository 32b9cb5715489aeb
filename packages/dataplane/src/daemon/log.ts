// SPDX-License-Identifier: MIT
import { writeSync } from 'node:fs'
import type { DeviceLog } from '../device/edges.ts'
import type { LogLevel } from './settings.ts'

/** Lines a second at most; the rest is counted and said once. */
const mostLinesPerSecond = 50

/**
 * The daemon's log on standard error, `LEVEL: (NAME) text` as wireguard-go writes it. At most 50 lines a second, so that
 * an attacker cannot fill a disk.
 */
export class DaemonLog implements DeviceLog {
  private readonly name: string
  private readonly level: LogLevel
  private second = 0
  private lines = 0
  private suppressed = 0

  constructor(name: string, level: LogLevel) {
    this.name = name
    this.level = level
  }

  /** For somebody who looks for a fault: handshakes, keepalives, refusals. */
  debug = (text: () => string): void => {
    if (this.level === 'debug') this.write('DEBUG', text)
  }

  /** What an operator should read once, such as a fallback that was taken. */
  notice = (text: string): void => {
    if (this.level !== 'silent') this.write('INFO', () => text)
  }

  error = (text: string): void => {
    if (this.level !== 'silent') this.write('ERROR', () => text)
  }

  private write(level: string, text: () => string): void {
    const now = new Date()
    const second = Math.floor(now.getTime() / 1000)
    if (second !== this.second) {
      const { suppressed } = this
      this.second = second
      this.lines = 0
      this.suppressed = 0
      if (suppressed > 0) this.write(level, () => `${suppressed} more lines were not logged`)
    }
    if (++this.lines > mostLinesPerSecond) {
      this.suppressed++
      return
    }
    const stamp = now.toISOString().slice(0, 19).replaceAll('-', '/').replace('T', ' ')
    try {
      writeSync(2, `${level}: (${this.name}) ${stamp} ${text()}\n`)
    } catch {
      // Nobody reads any more (EPIPE, EAGAIN): a log must not end the tunnel.
    }
  }
}
