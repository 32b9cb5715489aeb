// SPDX-License-Identifier: MIT
import { writeSync } from 'node:fs'
import { visible } from '@wgq/model/shown'
import type { DeviceLog } from '../device/dependencies.ts'
import type { LogLevel } from './settings.ts'

/** Maximum number of lines per second; the rest is counted and reported in one line. */
const mostLinesPerSecond = 50

/** Severities of the lines, as numbers of syslog(3). */
const severity = { ERROR: 3, INFO: 6, DEBUG: 7 } as const
type Word = keyof typeof severity

/** Writes one line, given without a line end. */
type LogSink = (line: string, level: number) => void

/** Standard error, with the time. */
export const toStandardError: LogSink = (line) => {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll('-', '/').replace('T', ' ')
  writeSync(2, `${line.replace(') ', `) ${stamp} `)}\n`)
}

/** The system's log (syslog(3), facility daemon), which the journal reads too. `send` takes a path and a datagram. */
export const toSystemLog =
  (send: (path: string, text: string) => void): LogSink =>
  (line, level) =>
    send('/dev/log', `<${facilityDaemon + level}>wgqd[${process.pid}]: ${line}`)

const facilityDaemon = 3 << 3

/**
 * The daemon's log, lines `LEVEL: (NAME) text` as wireguard-go writes them. At most 50 lines a second, so that
 * an attacker cannot fill a disk.
 */
export class DaemonLog implements DeviceLog {
  private readonly name: string
  private readonly level: LogLevel
  private readonly sink: LogSink
  private second = 0
  private lines = 0
  private suppressed = 0

  constructor(name: string, level: LogLevel, sink: LogSink = toStandardError) {
    this.name = name
    this.level = level
    this.sink = sink
  }

  /** Logs details for debugging: handshakes, keepalives, refusals. */
  debug = (text: () => string): void => {
    if (this.level === 'debug') this.write('DEBUG', text)
  }

  /** Logs a message for the operator, such as a fallback that was taken. */
  notice = (text: string): void => {
    if (this.level !== 'silent') this.write('INFO', () => text)
  }

  error = (text: string): void => {
    if (this.level !== 'silent') this.write('ERROR', () => text)
  }

  private write(level: Word, text: () => string): void {
    const second = Math.floor(Date.now() / 1000)
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
    try {
      this.sink(visible(`${level}: (${this.name}) ${text()}`), severity[level])
    } catch {
      // The log cannot be written (EPIPE, EAGAIN, no /dev/log): that must not end the tunnel.
    }
  }
}
