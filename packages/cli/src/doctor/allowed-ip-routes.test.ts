// SPDX-License-Identifier: MIT
import { type Cidr, covers, formatCidr, maskCidr, parseCidr } from '@wgq/model/cidr'
import { type Device, emptyPeer, type Peer } from '@wgq/model/device'
import type { Host } from '@wgq/model/host'
import type { Key } from '@wgq/model/key'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkRoutes, sampleAddresses } from './allowed-ip-routes.ts'

const deviceOf = (allowed: readonly (readonly Cidr[])[]): Device => ({
  name: 'wg0',
  listenPort: 0,
  fwmark: 0,
  peers: allowed.map(
    (allowedIps, index): Peer => ({
      ...emptyPeer(`peer${index}` as Key),
      allowedIps,
    }),
  ),
})
const hostWith = (dev: (address: string) => string | undefined): Host =>
  ({
    routeTo: async (address: string) => {
      const name = dev(address)
      return name === undefined ? undefined : { dev: name }
    },
  }) as unknown as Host
const label = ({ publicKey }: Peer) => publicKey

/** The longest prefix of all peers that contains an allowed IP, found by trying every one. */
const owner = (device: Device, inner: Cidr): Peer | undefined =>
  device.peers
    .flatMap((peer) => peer.allowedIps.map((outer) => ({ peer, outer })))
    .filter(({ outer }) => covers(outer, inner))
    .sort((a, b) => b.outer.prefixLength - a.outer.prefixLength)[0]?.peer

const prefix: fc.Arbitrary<Cidr> = fc
  .record({ host: fc.integer({ min: 0, max: 15 }), length: fc.integer({ min: 28, max: 32 }) })
  .map(({ host, length }) => maskCidr({ family: 4, address: `192.0.2.${host}`, prefixLength: length }))

describe('checkRoutes', () => {
  test('looks at every allowed IP that its peer owns, whatever overlaps', async () => {
    // As in a device, a prefix belongs to one peer.
    const claims = fc.uniqueArray(fc.record({ prefix, peer: fc.integer({ min: 0, max: 3 }) }), {
      selector: (claim) => formatCidr(claim.prefix),
      maxLength: 16,
    })
    const elsewhere = fc.array(fc.boolean(), { minLength: 16, maxLength: 16 })
    await fc.assert(
      fc.asyncProperty(claims, elsewhere, async (claimed, lost) => {
        const device = deviceOf(
          [0, 1, 2, 3].map((index) =>
            claimed.filter(({ peer }) => peer === index).map((claim) => claim.prefix),
          ),
        )
        const dev = (address: string) => (lost[Number(address.split('.')[3])] ? 'eth0' : 'wg0')
        const found = await checkRoutes(hostWith(dev), device, label)
        const expected = device.peers.flatMap((peer) =>
          peer.allowedIps
            .filter(
              (allowedIp) =>
                owner(device, allowedIp) === peer && dev(sampleAddresses(allowedIp)[0] as string) !== 'wg0',
            )
            .map(
              (allowedIp) =>
                `${label(peer)}: packets to ${formatCidr(allowedIp)} leave through eth0, not wg0`,
            ),
        )
        expect(found.map(({ message }) => message)).toEqual(expected)
      }),
    )
  })

  test('reads each of 20,000 allowed IPs a few times, not once for every other', async () => {
    let reads = 0
    const counted = (cidr: Cidr): Cidr => ({
      ...cidr,
      get prefixLength() {
        reads++
        return cidr.prefixLength
      },
    })
    const device = deviceOf(
      Array.from({ length: 20_000 }, (_, index) => [
        counted({ family: 4, address: `10.${index >> 8}.${index & 255}.0`, prefixLength: 24 }),
      ]),
    )
    // Stops a quadratic comparison early; it would run for hours.
    const guarded = hostWith(() => (reads > 1_000_000 ? expect.fail(`${reads} reads`) : 'wg0'))
    expect(await checkRoutes(guarded, device, label)).toEqual([])
    expect(reads).toBeLessThan(200_000)
  })

  test('asks for no more ways once it has found twenty that are wrong', async () => {
    let asked = 0
    const host = hostWith(() => {
      asked++
      return 'eth0'
    })
    const allowed = Array.from({ length: 100 }, (_, index): Cidr[] => [
      { family: 4, address: `10.0.${index}.0`, prefixLength: 24 },
    ])
    expect(await checkRoutes(host, deviceOf(allowed), label)).toHaveLength(20)
    expect(asked).toBe(20)
  })

  test.each([
    ['0.0.0.0/0', '1.0.0.1'],
    ['128.0.0.0/1', '128.0.0.1'],
    ['::/0', '2600::1'],
    ['8000::/1', '8000::1'],
    ['10.9.0.0/24', '10.9.0.1'],
    ['10.9.0.7/32', '10.9.0.7'],
    ['10.9.0.6/31', '10.9.0.7'],
    ['fd09::7/128', 'fd09::7'],
  ])('%s is asked for by %s', (prefix, address) => {
    expect(sampleAddresses(parseCidr(prefix) as Cidr)[0]).toBe(address)
  })

  test('the own address within an allowed IP is not a fault, only own addresses are', async () => {
    const own = new Set(['10.9.0.1', '10.9.0.7'])
    const host = hostWith((address) => (own.has(address) ? 'lo' : 'wg0'))
    const device = deviceOf([
      ['10.9.0.0/24', '10.9.0.6/31'].map((text) => parseCidr(text) as Cidr),
      [parseCidr('10.9.0.7/32') as Cidr],
    ])
    const found = await checkRoutes(host, device, label)
    expect(found.map(({ message }) => message)).toEqual([
      'peer1: 10.9.0.7/32 is an address of this machine itself, packets to it never leave',
    ])
  })
})
