// SPDX-License-Identifier: MIT
// Ours and Debian's wireguard-go in both roles, over IPv4 and IPv6, with and without a preshared key.
import { describe, expect, it } from 'vitest'
import { type Implementation, subject, whyNoTunnel, wireguardGo } from '../support/implementation.ts'
import { transfer } from '../support/transfer.ts'
import { Tunnel } from '../support/tunnel.ts'

const why = whyNoTunnel(wireguardGo.command)
if (why) console.log(`interoperation tests skipped: ${why}`)

interface Combination {
  readonly initiator: Implementation
  readonly responder: Implementation
  readonly outer: 4 | 6
  readonly psk: boolean
}

const combinations: Combination[] = [4, 6].flatMap((outer) =>
  [true, false].flatMap((psk) =>
    [
      [subject, wireguardGo],
      [wireguardGo, subject],
    ].map(([initiator, responder]) => ({ initiator, responder, outer, psk }) as Combination),
  ),
)
const name = (one: Combination): string =>
  `${one.initiator.name} to ${one.responder.name} over IPv${one.outer}${one.psk ? ' with a preshared key' : ''}`

const open = (one: Combination): Promise<Tunnel> =>
  Tunnel.open({
    label: 'interop',
    implementations: [one.initiator, one.responder],
    outer: one.outer,
    psk: one.psk,
    // The responder learns the endpoint, so that the roles are certain.
    knows: [true, false],
  })

const mebibyte = 1 << 20

describe.skipIf(why)('interoperation', () => {
  for (const [i, one] of combinations.entries())
    it(name(one), async () => {
      const tunnel = await open(one)
      try {
        const { a, b } = tunnel
        expect(tunnel.ping('a')).toBe(true)
        expect(tunnel.ping('b')).toBe(true)
        for (const target of [b.inner.v4, b.inner.v6]) {
          const flood = await a.ns.finish('ping', ['-q', '-n', '-f', '-c', '500', '-W', '1', target])
          expect(flood.stdout).toContain(' 0% packet loss')
        }
        // One combination moves a gibibyte each way, so that counters pass 2^32 nowhere else but offloads are tired.
        const bytes = i === 0 ? 1_024 * mebibyte : 64 * mebibyte
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

  it('loses nothing when keys are renewed after 120 s, in any combination', async () => {
    const tunnels = await Promise.all([
      ...combinations.map(open),
      Tunnel.open({ label: 'interop', implementations: [subject, subject] }),
    ])
    try {
      const first = tunnels.map((tunnel) => {
        if (!tunnel.ping()) throw new Error('no ping before the wait')
        return handshake(tunnel)
      })
      const pings = await Promise.all(
        tunnels.map(({ a, b }) =>
          a.ns.finish('ping', ['-q', '-n', '-i', '0.01', '-w', '132', b.inner.v4], {
            timeoutMs: 200_000,
          }),
        ),
      )
      for (const [i, ping] of pings.entries()) {
        const what = combinations[i] ? name(combinations[i]) : 'ours alone'
        const counts = /(\d+) packets transmitted, (\d+) received/.exec(ping.stdout) ?? []
        const [sent = 0, received = 0] = counts.slice(1).map(Number)
        // A hundred a second, less on a busy machine; the last one may still be on its way when the time is over.
        expect(sent, what).toBeGreaterThan(2_000)
        expect(sent - received, `lost of ${sent}, ${what}`).toBeLessThanOrEqual(1)
        expect(ping.stdout, what).not.toContain('duplicates')
        expect(handshake(tunnels[i] as Tunnel), what).toBeGreaterThan((first[i] as number) + 100)
      }
    } finally {
      for (const tunnel of tunnels) tunnel.remove()
    }
  })
})

/** Seconds since 1970 of the last handshake, seen by the initiator. */
const handshake = ({ a, b }: Tunnel): number =>
  Number(a.daemon.showPeer('latest-handshakes', b.keys.publicKey))
