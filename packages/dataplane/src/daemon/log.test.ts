// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { DaemonLog, toSystemLog } from './log.ts'
import { readSettings } from './settings.ts'

test('a background daemon logs to the system, with the severity of each line', () => {
  const sent: string[] = []
  const log = new DaemonLog(
    'wg0',
    'debug',
    toSystemLog((path, text) => sent.push(`${path} ${text}`)),
  )
  log.error('no port')
  log.notice('a fallback')
  log.debug(() => 'a handshake')
  const from = `wgqd[${process.pid}]:`
  expect(sent).toEqual([
    `/dev/log <27>${from} ERROR: (wg0) no port`,
    `/dev/log <30>${from} INFO: (wg0) a fallback`,
    `/dev/log <31>${from} DEBUG: (wg0) a handshake`,
  ])
})

test('a log that nobody takes ends nothing, and a flood of lines is counted', () => {
  let lines = 0
  const log = new DaemonLog('wg0', 'error', () => {
    lines++
    throw new Error('ECONNREFUSED')
  })
  for (let i = 0; i < 1000; i++) log.error('again')
  expect(lines).toBeLessThanOrEqual(2 * 50 + 2)
})

test.each([
  [{}, 'stderr'],
  [{ WGQ_READY_FD: '3' }, 'syslog'],
  [{ WGQ_READY_FD: '3', LOG_LEVEL: 'verbose' }, 'stderr'],
  [{ WGQ_READY_FD: '3', WGQ_LOG_TO: 'stderr' }, 'stderr'],
  [{ WGQ_LOG_TO: 'syslog' }, 'syslog'],
] as const)('where it logs: %o → %s', (env, to) => {
  expect(readSettings(['-f', 'wg0'], env).logTo).toBe(to)
})

test('no name or reason of somebody else steers a terminal', () => {
  const lines: string[] = []
  const log = new DaemonLog('wg\x1b[2J', 'debug', (line) => lines.push(line))
  log.notice('no \x9b1m such\nfile')
  expect(lines).toEqual(['INFO: (wg␛[2J) no \ufffd1m such␊file'.replace('\ufffd', '␡')])
})
