// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { GetReplyReader } from './get-reply.ts'

const a = '326dddf9db62077dee0d6c460976eef5bcf9f4aa25b92931cd42a369c62e9769'

const read = (text: string) => {
  const reader = new GetReplyReader('wg0')
  for (const line of text.trim().split('\n')) reader.line(line)
  return reader.finish()
}

test('device keys count before the first peer only, peer keys behind it (spec wg §12.1)', () => {
  const { device, errno } = read(
    `allowed_ip=10.0.0.0/8\nlisten_port=5\nfwmark=7\npublic_key=${a}\nlisten_port=9\nallowed_ip=fd00::/8\nerrno=0`,
  )
  expect(errno).toBe(0)
  expect(device).toMatchObject({ name: 'wg0', listenPort: 5, fwmark: 7 })
  expect(device.peers).toHaveLength(1)
  expect(device.peers[0]?.allowedIps).toEqual([{ family: 6, address: 'fd00::', prefixLength: 8 }])
})

test('a preshared key of zeros is none, the largest counters are exact', () => {
  const { device } = read(
    `public_key=${a}\npreshared_key=${'0'.repeat(64)}\nrx_bytes=18446744073709551615\nerrno=0`,
  )
  expect(device.peers[0]).not.toHaveProperty('presharedKey')
  expect(device.peers[0]?.rxBytes).toBe(18446744073709551615n)
})

test.each([
  'listen_port=65536',
  'listen_port=+5',
  'listen_port=',
  'fwmark=0x1',
  'fwmark=4294967296',
  'private_key=zz',
  'errno=-5',
  'errno=2147483648',
  'no equals',
  `public_key=${a}\nallowed_ip=10.0.0.0`,
  `public_key=${a}\nallowed_ip=10.0.0.0/33`,
  `public_key=${a}\nallowed_ip=10.0.0.0/264`,
  `public_key=${a}\nendpoint=name.test:5`,
  `public_key=${a}\nlast_handshake_time_sec=9223372036854775808`,
  `public_key=${a}\nrx_bytes=18446744073709551616`,
])('%j breaks the protocol', (text) => {
  expect(() => read(`${text}\nerrno=0`)).toThrow(
    expect.objectContaining({ code: 'E_DEVICE', errno: 'EPROTO' }),
  )
})

test('a reply needs an errno', () => {
  expect(() => read('listen_port=5')).toThrow(expect.objectContaining({ errno: 'EPROTO' }))
})
