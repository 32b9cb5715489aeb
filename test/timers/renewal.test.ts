// SPDX-License-Identifier: MIT
// Keys are renewed after two minutes, by ours and by Debian's wireguard-go in both roles, all at the same time.
import { describe, expect, it } from 'vitest'
import { combinationName, combinations, openCombination } from '../support/combination.ts'
import { subject, whyNoTunnel, wireguardGo } from '../support/implementation.ts'
import { Tunnel } from '../support/tunnel.ts'

const why = whyNoTunnel(wireguardGo.command)
if (why) console.log(`renewal of keys skipped: ${why}`)

describe.skipIf(why)('renewal', () => {
  it('loses nothing when keys are renewed after 120 s, in any combination', async () => {
    const tunnels = await Promise.all([
      ...combinations.map(openCombination),
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
        const what = combinations[i] ? combinationName(combinations[i]) : 'ours alone'
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
