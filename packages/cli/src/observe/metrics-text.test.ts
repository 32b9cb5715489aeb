// SPDX-License-Identifier: MIT
import type { Device } from '@wgq/model/device'
import type { Key } from '@wgq/model/key'
import { describe, expect, test } from 'vitest'
import { metricsText } from './metrics-text.ts'

const publicKey = 'Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=' as Key
const privateKey = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=' as Key
const device: Device = {
  name: 'wg0',
  privateKey,
  listenPort: 51820,
  fwmark: 51820,
  peers: [
    {
      publicKey,
      endpoint: { family: 6, address: '2001:db8::1', port: 1 },
      allowedIps: [],
      lastHandshake: { seconds: 1700000000n, nanoseconds: 5 },
      rxBytes: 2n ** 64n - 1n,
      txBytes: 7n,
      keepaliveSeconds: 25,
    },
  ],
}

describe('metricsText', () => {
  test('every sample has its help and type, 64-bit counters keep every digit, names are escaped', () => {
    const text = metricsText([{ device, names: new Map([[publicKey, 'a "b"\\\nc']]) }])
    expect(text).toContain(
      `wireguard_peer_info{interface="wg0",public_key="${publicKey}",name="a \\"b\\"\\\\\\nc",endpoint="[2001:db8::1]:1"} 1\n`,
    )
    expect(text).toContain(
      `wireguard_peer_receive_bytes_total{interface="wg0",public_key="${publicKey}"} 18446744073709551615\n`,
    )
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    for (const sample of samples) {
      const name = sample.slice(0, sample.indexOf('{'))
      expect(text).toMatch(new RegExp(`# HELP ${name} .+\n# TYPE ${name} (gauge|counter)\n`))
    }
  })

  test('a name cannot steer the terminal that shows it', () => {
    const text = metricsText([{ device, names: new Map([[publicKey, 'a\x1b[31m\u202eb']]) }])
    expect(text).toContain('name="a\u241b[31m\ufffdb"')
  })

  test('no private key appears, and nothing at all without devices', () => {
    expect(metricsText([{ device, names: new Map() }])).not.toContain(privateKey)
    expect(metricsText([])).toBe('')
  })
})
