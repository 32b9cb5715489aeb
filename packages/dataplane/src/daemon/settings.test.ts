// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { readSettings } from './settings.ts'

test('the command line of wireguard-go', () => {
  expect(readSettings(['wg0'], {})).toMatchObject({ name: 'wg0', foreground: false, logLevel: 'error' })
  expect(readSettings(['-f', 'wg0'], {}).foreground).toBe(true)
  expect(readSettings(['--foreground', 'wg0'], {}).foreground).toBe(true)
  expect(readSettings(['wg0'], { WG_PROCESS_FOREGROUND: '1' }).foreground).toBe(true)
})

test.each([
  [{ LOG_LEVEL: 'verbose' }, 'debug'],
  [{ LOG_LEVEL: 'debug' }, 'debug'],
  [{ LOG_LEVEL: 'silent' }, 'silent'],
  [{ LOG_LEVEL: 'silent', WGQ_LOG: 'debug' }, 'debug'],
  [{ LOG_LEVEL: 'nonsense' }, 'error'],
])('log level of %j', (env, level) => {
  expect(readSettings(['wg0'], env).logLevel).toBe(level)
})

test('switches', () => {
  const env = {
    WGQ_TUN_OFFLOAD: '0',
    WGQ_UDP_GSO: '0',
    WGQ_UDP_GRO: 'auto',
    WGQ_RCVBUF: '65536',
    WGQ_THREADS: '4',
    WG_TUN_FD: '5',
  }
  expect(readSettings(['wg0'], env)).toMatchObject({
    offload: 'off',
    udpSegmentation: false,
    udpCoalescing: true,
    receiveBufferBytes: 65536,
    threads: 4,
    tunFd: 5,
  })
})

test.each([[[]], [['a', 'b']], [['-x', 'wg0']], [['../wg0']], [['0123456789abcdef']], [['']], [['..']]])(
  '%j is refused',
  (args) => {
    expect(() => readSettings(args, {})).toThrow(expect.objectContaining({ code: 'E_USAGE' }))
  },
)

test('a descriptor is a number', () => {
  expect(() => readSettings(['wg0'], { WG_TUN_FD: '3x' })).toThrow(/WG_TUN_FD/)
})

test.each(['auto', '', undefined])('the number of threads may be %j', (wanted) => {
  expect(readSettings(['wg0'], { WGQ_THREADS: wanted }).threads).toBeUndefined()
})

test.each(['0', '1', '65', '2.5', 'many'])('%j threads are refused', (wanted) => {
  expect(() => readSettings(['wg0'], { WGQ_THREADS: wanted })).toThrow(
    `WGQ_THREADS must be auto or a number from 2 to 64, found "${wanted}"`,
  )
})

test.each([
  ['WGQ_LOG', 'xyz'],
  ['WGQ_TUN_OFFLOAD', 'bogus'],
  ['WGQ_UDP_GSO', 'maybe'],
])('%s=%s is refused with what is possible', (variable, value) => {
  expect(() => readSettings(['wg0'], { [variable]: value })).toThrow(
    new RegExp(`^${variable} must be .*"${value}"`),
  )
})

test('a name may begin with a dash, an unknown LOG_LEVEL is none, as with wireguard-go', () => {
  expect(readSettings(['-x'], { LOG_LEVEL: 'xyz' })).toMatchObject({ name: '-x', logLevel: 'error' })
  expect(() => readSettings(['--x'], {})).toThrow(/unknown option --x/)
})
