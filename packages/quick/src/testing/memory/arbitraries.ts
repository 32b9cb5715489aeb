// SPDX-License-Identifier: MIT
import fc from 'fast-check'
import type { Machine } from './machine.ts'
import type { ResolverKind } from './resolver.ts'

/** A file of a tunnel, and its properties for tests. */
export interface TunnelFile {
  readonly text: string
  /** Families that the tunnel takes entirely, by rules and its own table. */
  readonly full: readonly (4 | 6)[]
  /** Requested by the file, or by an option of `up`. */
  readonly killSwitch: 'file' | 'option' | undefined
}

const keys = [
  'Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=',
  'Ke8wUlvynA9acjhkHdychziB5/e1YigBuCvIiQ3jTSM=',
  'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=',
]

const some = <T>(values: readonly T[], most: number): fc.Arbitrary<T[]> =>
  fc.uniqueArray(fc.constantFrom(...values), { maxLength: most })

const addresses = fc.oneof(
  some(['10.9.0.2/24', '10.9.0.3/24', '10.9.0.5/24', '10.8.0.2/16', '10.7.0.2/32', '10.9.0.2/32'], 3),
  fc.constant(['10.9.0.2/24', '10.9.0.3/24']),
)
const addresses6 = fc.uniqueArray(fc.constantFrom('fd09::2/64', 'fd09::2/128', 'fd09::3/64', 'fd08::2/128'), {
  maxLength: 2,
  selector: (address) => address.split('/')[0],
})
const allowedIps = some(
  [
    ...['0.0.0.0/0', '::/0', '10.9.0.0/24', '10.5.0.0/16', '10.5.7.0/24', '172.16.0.1/32'],
    ...['fd09::/64', 'fd05::/48', 'fd09::7/128', '0.0.0.0/1', '128.0.0.0/1'],
  ],
  4,
)

interface Parts {
  readonly addresses: readonly string[]
  readonly addresses6: readonly string[]
  readonly allowed: readonly (readonly string[])[]
  readonly mtu: string | undefined
  readonly table: string | undefined
  readonly fwmark: string | undefined
  readonly port: string | undefined
  readonly dns: string | undefined
  readonly preshared: boolean
  readonly keepalive: boolean
  readonly killSwitch: TunnelFile['killSwitch']
}

const parts = fc.record<Parts>({
  addresses,
  addresses6,
  allowed: fc.array(allowedIps, { minLength: 1, maxLength: 3 }),
  mtu: fc.constantFrom(undefined, undefined, '1400', '1280'),
  table: fc.constantFrom(undefined, undefined, undefined, 'auto', 'off', '1234', 'main', '254'),
  fwmark: fc.constantFrom(undefined, undefined, undefined, '0x200', '0x100'),
  port: fc.constantFrom(undefined, undefined, '5555', '5556'),
  dns: fc.constantFrom(undefined, undefined, '10.9.0.1', '10.9.0.1, corp.example', '10.8.0.1'),
  preshared: fc.boolean(),
  keepalive: fc.boolean(),
  killSwitch: fc.constantFrom(undefined, undefined, 'file', 'option'),
})

/** Files of all the kinds that `up` handles differently. */
export const tunnelFile: fc.Arbitrary<TunnelFile> = parts.map(fileOf)

/**
 * Two files of a full IPv4 tunnel whose first peer takes all traffic; half of them keep what return traffic needs
 * (addresses, port), so that no packet may be lost.
 */
export const fullPair: fc.Arbitrary<[TunnelFile, TunnelFile]> = fc
  .tuple(parts, parts, fc.boolean())
  .map(([a, b, stays]) => {
    const { addresses, addresses6, port } = a
    return [fileOf(full(a)), fileOf(full(stays ? { ...b, addresses, addresses6, port } : b))]
  })

/** Two files of any kind; one in three times two of a full tunnel. */
export const filePair: fc.Arbitrary<[TunnelFile, TunnelFile]> = fc.oneof(
  { arbitrary: fc.tuple(tunnelFile, tunnelFile), weight: 2 },
  { arbitrary: fullPair, weight: 1 },
)

const full = (one: Parts): Parts => ({
  ...one,
  addresses: one.addresses.length > 0 ? one.addresses : ['10.9.0.2/24'],
  allowed: one.allowed.map((list, index) => (index === 0 ? ['0.0.0.0/0', ...list] : list)),
  table: one.table === 'auto' ? 'auto' : undefined,
  preshared: false,
})

function fileOf(parts: Parts): TunnelFile {
  // An allowed IP belongs to one peer.
  const taken = new Set<string>()
  const peers = parts.allowed.map((list, index) => {
    const own = [...new Set(list)].filter((cidr) => !taken.has(cidr))
    for (const cidr of own) taken.add(cidr)
    return [
      '',
      '[Peer]',
      `PublicKey = ${keys[index]}`,
      ...(own.length > 0 ? [`AllowedIPs = ${own.join(', ')}`] : []),
      `Endpoint = ${index === 1 ? '[2001:db8::9]' : '192.0.2.9'}:${51_820 + index}`,
      ...(parts.preshared && index === 0
        ? ['PresharedKey = FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE=']
        : []),
      ...(parts.keepalive ? ['PersistentKeepalive = 25'] : []),
    ]
  })
  const line = (key: string, value: string | undefined): string[] =>
    value === undefined ? [] : [`${key} = ${value}`]
  const all = [...parts.addresses, ...parts.addresses6]
  const text = [
    '[Interface]',
    'PrivateKey = cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=',
    ...(all.length > 0 ? [`Address = ${all.join(', ')}`] : []),
    ...line('MTU', parts.mtu),
    ...line('Table', parts.table),
    ...line('FwMark', parts.fwmark),
    ...line('ListenPort', parts.port),
    ...line('DNS', parts.dns),
    ...peers.flat(),
    '',
  ].join('\n')
  const rules = parts.table === undefined || parts.table === 'auto'
  const full = ([4, 6] as const).filter((family) => rules && taken.has(family === 4 ? '0.0.0.0/0' : '::/0'))
  const file = { text, full, killSwitch: parts.killSwitch }
  return Object.assign(file, {
    [fc.toStringMethod]: () => `${text}# kill switch: ${parts.killSwitch ?? 'off'}\n`,
  })
}

/** Properties of a {@link Machine}; its files get their own directory. */
export interface Surroundings {
  readonly name: string
  readonly neighbour?: string
  readonly prepare: (machine: Machine, folder: string) => void
}

/** Files of another tunnel. */
const neighbours = {
  split: `[Interface]
PrivateKey = IB4TVNeFndKaWPEe0/5eg7pPbFIWev2oorBdAuNZT1M=
Address = 10.77.0.2/24
MTU = 1420
DNS = 10.77.0.1
[Peer]
PublicKey = HpwGEeYbDZkPS4Gfp8dRquXCzU4q8qL1t7K/vz2V/wg=
AllowedIPs = 10.77.0.0/24, 10.78.0.0/16
Endpoint = 192.0.2.10:51820
`,
  full: `[Interface]
PrivateKey = IB4TVNeFndKaWPEe0/5eg7pPbFIWev2oorBdAuNZT1M=
Address = 10.77.0.2/24
MTU = 1420
[Peer]
PublicKey = HpwGEeYbDZkPS4Gfp8dRquXCzU4q8qL1t7K/vz2V/wg=
AllowedIPs = 0.0.0.0/0
Endpoint = 192.0.2.10:51820
`,
}

/** The state of a machine before the first tunnel comes up, and the file of another tunnel that runs already. */
export const surroundings: fc.Arbitrary<Surroundings> = fc
  .record({
    ipv6Off: fc.constantFrom(false, false, false, true),
    promote: fc.boolean(),
    foreign: fc.boolean(),
    resolver: fc.constantFrom<ResolverKind>('resolvconf', 'resolvectl', 'file'),
    neighbour: fc.constantFrom(undefined, undefined, neighbours.split, neighbours.full),
  })
  .map(({ ipv6Off, promote, foreign, resolver, neighbour }) =>
    named({
      name: `ipv6 ${ipv6Off ? 'off' : 'on'}, promote_secondaries ${promote ? 1 : 0}, foreign ${foreign}, ${resolver}, ${neighbour ? `beside\n${neighbour}` : 'alone'}`,
      ...(neighbour === undefined ? {} : { neighbour }),
      prepare: ({ network, resolver: manager }: Machine, folder: string) => {
        if (resolver !== 'resolvconf') manager.use(resolver, folder)
        if (promote) network.sysctls.set('net.ipv4.conf.all.promote_secondaries', '1')
        if (ipv6Off) network.switchIpv6Off()
        if (!foreign) return
        network.rules.push({ family: 4, table: 77, preference: 1000, selective: true })
        network.rules.push({ family: 4, table: 254, preference: 32_000, suppressPrefixLength: 0 })
        network.routes.push({
          family: 4,
          dst: { family: 4, address: '0.0.0.0', prefixLength: 0 },
          dev: 'up0',
          table: 77,
          protocol: 4,
        })
      },
    }),
  )

/** Failures print only the name. */
const named = <T extends { name: string }>(value: T): T =>
  Object.assign(value, { [fc.toStringMethod]: () => value.name })

/** External events of a running tunnel. */
export const disturbance: fc.Arbitrary<{
  name: string
  /** The whole tunnel is unchanged since `up`. */
  harmless: boolean
  disturb: (machine: Machine, forget: () => void) => void
  /** Repeats on another machine what no tunnel restores. */
  lasts?: (machine: Machine) => void
}> = fc
  .constantFrom(
    { name: 'nothing', harmless: true, disturb: () => {} },
    { name: 'nothing, once more', harmless: true, disturb: () => {} },
    {
      name: 'rules flushed',
      harmless: false,
      disturb: ({ network }: Machine) => {
        network.rules = network.rules.filter((rule) => rule.notFwmark === undefined)
      },
    },
    {
      name: 'suppress rules deleted',
      harmless: false,
      disturb: ({ network }: Machine) => {
        network.rules = network.rules.filter(
          (rule) => rule.suppressPrefixLength === undefined || rule.preference === 32_000,
        )
      },
    },
    {
      name: 'routes flushed',
      harmless: false,
      disturb: ({ network }: Machine) => {
        // The networks of addresses are the kernel's.
        network.routes = network.routes.filter((route) => route.dev !== 'wg0' || route.protocol === 2)
      },
    },
    {
      name: 'every route flushed',
      harmless: false,
      disturb: ({ network }: Machine) => {
        network.routes = network.routes.filter((route) => route.dev !== 'wg0')
      },
    },
    {
      name: 'link down and up',
      harmless: false,
      disturb: ({ network }: Machine) => {
        network.setUp('wg0', false)
        network.setUp('wg0', true)
      },
    },
    { name: 'link down', harmless: false, disturb: ({ network }: Machine) => network.setUp('wg0', false) },
    {
      name: 'addresses flushed',
      harmless: false,
      disturb: ({ network }: Machine) => {
        const link = network.links.get('wg0')
        for (const { cidr } of link?.addresses ?? []) {
          const address = `${cidr.address}/${cidr.prefixLength}`
          const still = network.links.get('wg0')?.addresses.some((one) => one.cidr === cidr)
          if (still) network.apply({ do: 'address.delete', dev: 'wg0', family: cidr.family, address })
        }
      },
    },
    {
      name: 'nft flush ruleset',
      harmless: false,
      disturb: ({ firewall }: Machine) => firewall.tables.clear(),
    },
    { name: 'journal lost', harmless: true, disturb: (_: Machine, forget: () => void) => forget() },
    {
      name: 'mark changed',
      harmless: false,
      disturb: ({ devices }: Machine) => {
        const device = devices.get('wg0')
        // A mark that the file does not set may belong to another program.
        if (device && device.fwmark !== 0) devices.set('wg0', { ...device, fwmark: 0x777 })
      },
    },
    {
      name: 'name servers forgotten',
      harmless: true,
      disturb: ({ resolver }: Machine) => resolver.forget(),
      lasts: ({ resolver }: Machine) => resolver.forget(),
    },
  )
  .map(named)
