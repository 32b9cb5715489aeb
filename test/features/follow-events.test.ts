// SPDX-License-Identifier: MIT
// Random events on a tunnel that `wgq run` follows: whenever they rest, the machine is what `up` made of it. A few rounds;
// twenty minutes with `WGQ_LONG=1`. `WGQ_SEED` chooses others.
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Chance } from '../support/chance.ts'
import { FollowedTunnel } from '../support/followed-tunnel.ts'
import { whyNoTunnel } from '../support/implementation.ts'
import type { LiveTunnel } from '../support/live-tunnel.ts'
import { until } from '../support/netns.ts'

const why = whyNoTunnel() ?? (spawnSync('nft', ['--version']).status === 0 ? undefined : 'nft is missing')
if (why) console.warn(`features/follow-events: skipped: ${why}`)
const isLong = process.env['WGQ_LONG'] !== undefined
const seed = Number(process.env['WGQ_SEED'] ?? 7)

/** Nobody tells of this one: it is found by the look once a minute. */
const silent = isLong ? ['wg set DEV fwmark 0x99'] : []
const events: readonly [string, ...string[]] = [
  'ip -4 rule delete table 51820',
  'ip -6 rule delete table 51820',
  'ip -4 rule delete table main suppress_prefixlength 0',
  'ip -4 rule flush; ip -4 rule add preference 32766 table main; ip -4 rule add preference 32767 table default',
  'ip -4 route flush table 51820',
  'ip -6 route flush table 51820',
  'nft flush ruleset',
  'nft delete table inet wgq-kill-DEV',
  'nft delete table ip wg-quick-DEV',
  'ip address flush dev DEV',
  'ip -6 address flush dev DEV',
  'ip address add 10.60.9.9/32 dev DEV; ip address delete 10.60.9.9/32 dev DEV',
  'ip link set DEV down',
  'ip link set DEV down; ip link set DEV up',
  'ip link set DEV mtu 1300',
  'ip link set up1 down; ip link set up1 up; ip route replace default via 10.77.1.2',
  ...silent,
  'ip route add 192.0.2.0/24 via 10.77.1.2; ip route delete 192.0.2.0/24',
]

describe.skipIf(why)('a tunnel that is followed through random events', () => {
  let followed: FollowedTunnel
  let tunnel: LiveTunnel
  beforeAll(async () => {
    followed = await FollowedTunnel.open((config) =>
      config
        .replace('10.60.0.1/24', '10.60.0.1/24, fd60::1/64')
        .replace(/AllowedIPs = .*/, 'AllowedIPs = 0.0.0.0/0, ::/0'),
    )
    tunnel = followed.tunnel
  })
  afterAll(() => followed?.close())
  /** What `up` makes, without what may come in another order or under another number. */
  const snapshot = () => {
    const lines = (...command: string[]) =>
      tunnel.ns
        .run(...(command as [string, ...string[]]))
        .split('\n')
        .map((line) =>
          line
            .replace(/^\d+:\s+(?=from)/, '')
            .replace(/ (?:valid_lft|pref) .*/, '')
            .trim(),
        )
        .filter((line) => line !== '' && !line.includes('fe80::'))
        .sort()
    return {
      rules: ['-4', '-6'].map((family) => lines('ip', family, 'rule')),
      routes: ['-4', '-6'].map((family) => lines('ip', family, 'route', 'show', 'table', '51820')),
      link: lines('ip', '-o', 'link', 'show', 'dev', tunnel.device),
      addresses: lines('ip', '-o', 'address', 'show', 'dev', tunnel.device),
      firewall: lines('nft', 'list', 'ruleset'),
      mark: lines('wg', 'show', tunnel.device, 'fwmark'),
    }
  }

  test('at each rest the machine is what `up` made of it', async () => {
    const chance = new Chance(seed)
    const wanted = snapshot()
    const end = Date.now() + 20 * 60_000
    let count = 0
    for (let round = 0; isLong ? Date.now() < end : round < 3; round++) {
      const row: string[] = []
      for (let left = chance.between(1, 6); left > 0; left--) {
        const event = chance.of(events).replaceAll('DEV', tunnel.device)
        row.push(event)
        // What is gone already cannot be taken once more.
        tunnel.ns.tryRun('sh', ['-c', event])
        count += 1
        if (chance.between(1, 10) <= 3)
          await new Promise((resolve) => setTimeout(resolve, chance.between(0, 2000)))
      }
      const now = () => JSON.stringify(snapshot()) === JSON.stringify(wanted)
      await until(`the rest after ${row.join('; ')}\n${followed.log.slice(-2000)}`, now, 180_000).catch(
        (error) => {
          expect(snapshot(), error.message).toEqual(wanted)
        },
      )
      await until('the end of differences', () => followed.isInSync(), 60_000)
      expect(tunnel.reaches(2)).toBe(true)
    }
    if (isLong) console.log(`${count} events`)
  }, 1_500_000)
})
