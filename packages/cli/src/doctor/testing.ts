// SPDX-License-Identifier: MIT
import { type Cidr, parseCidr } from '@wgq/model/cidr'
import type { Device, Peer } from '@wgq/model/device'
import type { Host } from '@wgq/model/host'
import type { Key } from '@wgq/model/key'
import type { Subject } from './subject.ts'

/** Wall clock in tests, seconds since 1970. */
export const nowSeconds = 1_796_000_000

/** A peer that answered 30 s ago; takes its allowed IPs as text. */
export const testPeer = (allowed: readonly string[], more: Partial<Peer> = {}): Peer => ({
  publicKey: 'p' as Key,
  endpoint: { family: 4, address: '198.51.100.1', port: 51820 },
  allowedIps: allowed.map((text) => parseCidr(text) as Cidr),
  lastHandshake: { seconds: BigInt(nowSeconds - 30), nanoseconds: 0 },
  rxBytes: 5000n,
  txBytes: 5000n,
  keepaliveSeconds: 0,
  ...more,
})

/** A healthy full tunnel over eth0 in memory; `more` and the parts of the device and host override its own. */
export const testSubject = (
  more: Partial<Omit<Subject, 'device' | 'host'>> = {},
  device: Partial<Device> = {},
  host: Partial<Host> = {},
): Subject => {
  const whole: Device = {
    name: 'wg0',
    listenPort: 51820,
    fwmark: 51820,
    peers: [testPeer(['0.0.0.0/0'])],
    ...device,
  }
  const network = {
    routeTo: async (_address: string, mark?: number) => ({ dev: mark === undefined ? 'wg0' : 'eth0' }),
    addresses: async (_dev: string, family?: number) =>
      family === 6 ? [] : [{ dev: 'wg0', cidr: parseCidr('10.9.0.2/32') as Cidr, scope: 'global' }],
    rules: async () => [{ family: 4, table: 51820, notFwmark: 51820, preference: 32765 }],
    routes: async () => [],
    links: async () => [],
    link: async () => undefined,
    ...host,
  } as unknown as Host
  return {
    device: whole,
    host: network,
    outside: network,
    inOneNetwork: true,
    link: { index: 7, name: 'wg0', mtu: 1420, up: true },
    label: () => 'peer one',
    ways: whole.peers.flatMap((peer) =>
      peer.endpoint ? [{ peer, endpoint: peer.endpoint, route: { dev: 'eth0' } }] : [],
    ),
    health: undefined,
    nowSeconds,
    config:
      '[Interface]\nAddress = 10.9.0.2/32\n[Peer]\nEndpoint = 198.51.100.1:51820\nAllowedIPs = 0.0.0.0/0\n',
    ...more,
  }
}
