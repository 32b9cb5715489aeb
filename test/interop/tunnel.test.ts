// SPDX-License-Identifier: MIT
// Ours and Debian's wireguard-go in both roles, over IPv4 and IPv6, with and without a preshared key.
import { describe, expect, it } from 'vitest'
import { combinationName, combinations, openCombination } from '../support/combination.ts'
import { long, whyNoTunnel, wireguardGo } from '../support/implementation.ts'
import { transfer } from '../support/transfer.ts'

const why = whyNoTunnel(wireguardGo.command)
if (why) console.log(`interoperation tests skipped: ${why}`)

const mebibyte = 1 << 20
const most = (long ? 1_024 : 256) * mebibyte

describe.skipIf(why)('interoperation', () => {
  for (const [i, one] of combinations.entries())
    it(combinationName(one), async () => {
      const tunnel = await openCombination(one)
      try {
        const { a, b } = tunnel
        expect(tunnel.ping('a')).toBe(true)
        expect(tunnel.ping('b')).toBe(true)
        for (const target of [b.inner.v4, b.inner.v6]) {
          const flood = await a.ns.finish('ping', ['-q', '-n', '-f', '-c', '500', '-W', '1', target])
          expect(flood.stdout).toContain(' 0% packet loss')
        }
        // One combination moves more each way, through many batches.
        const bytes = i === 0 ? most : 64 * mebibyte
        const there = await transfer(a.ns, { ns: b.ns, address: b.inner.v4 }, bytes)
        expect(there.received).toEqual(there.sent)
        expect(there.received.bytes).toBe(bytes)
        const back = await transfer(b.ns, { ns: a.ns, address: a.inner.v6 }, bytes)
        expect(back.received).toEqual(back.sent)
        const [atA, atB] = [a.daemon.transfer(b.keys.publicKey), b.daemon.transfer(a.keys.publicKey)]
        expect(atA.sent).toBeGreaterThan(bytes)
        expect(atB.received).toBeLessThanOrEqual(atA.sent)
        expect(atB.received).toBeGreaterThan(bytes)
      } finally {
        tunnel.remove()
      }
    })
})
