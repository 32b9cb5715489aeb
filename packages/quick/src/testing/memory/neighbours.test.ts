// SPDX-License-Identifier: MIT
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Op } from '@wgq/model/operation'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { capture, restore } from '../../restore.ts'
import type { Machine } from './machine.ts'
import { Stage } from './stage.ts'
import type { Tunnel } from './tunnel.ts'

// What other programs and other tunnels have beside a tunnel, with nearly its values.

const stage = new Stage()
afterAll(() => stage.clear())

let machine: Machine
let tunnel: Tunnel
let neighbour: Tunnel
let forget: () => void
beforeEach(() => {
  ;({ machine, tunnel, neighbour, forget } = stage.set(() => {}))
})

const file = (allowedIps: string, head: readonly string[] = [], endpoint = '192.0.2.9:51820'): string =>
  [
    '[Interface]',
    'PrivateKey = cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=',
    'Address = 10.9.0.2/24, fd09::2/64',
    ...head,
    '[Peer]',
    'PublicKey = Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=',
    `AllowedIPs = ${allowedIps}`,
    `Endpoint = ${endpoint}`,
    '',
  ].join('\n')
const full = file('0.0.0.0/0, ::/0')
const split = file('10.5.0.0/16')

const come = async (text: string, options = {}): Promise<void> => {
  expect(await tunnel.up(text, options), machine.printed).toBe(0)
}
const cidr = (family: 4 | 6, address: string, prefixLength: number) =>
  ({ family, address, prefixLength }) as const

describe('a mark that another full tunnel has', () => {
  const marked = (allowedIps: string) => file(allowedIps, ['FwMark = 7'])
  const fullMarked = marked('0.0.0.0/0, ::/0')
  const inOrder = async () => expect(await tunnel.differences(fullMarked)).toEqual([])

  test.each([false, true])(
    'up is refused, and takes nothing from it (its journal is lost: %s)',
    async (lost) => {
      await come(fullMarked)
      if (lost) forget()
      const before = machine.snapshot()
      await expect(neighbour.up(fullMarked)).rejects.toMatchObject({
        message: 'FwMark 7 of wg1 belongs to another tunnel with a default route',
      })
      expect(machine.snapshot()).toEqual(before)
      await inOrder()
    },
  )

  test.each([false, true])('a split tunnel may have it too (the journal is lost: %s)', async (lost) => {
    await come(fullMarked)
    if (lost) forget()
    expect(await neighbour.up(marked('10.5.0.0/16'))).toBe(0)
    expect(await neighbour.differences(marked('10.5.0.0/16'))).toEqual([])
    expect(await neighbour.reload(marked('10.6.0.0/16'))).toBe(0)
    await inOrder()
    expect(await neighbour.down(marked('10.6.0.0/16'))).toBe(0)
    await inOrder()
  })

  test('is free again when its interface is gone', async () => {
    await come(fullMarked)
    machine.network.apply({ do: 'link.delete', name: 'wg0' })
    machine.devices.delete('wg0')
    expect(await neighbour.up(fullMarked), machine.printed).toBe(0)
    expect(await neighbour.differences(fullMarked)).toEqual([])
  })

  test('somebody sets it: a reload takes its own back', async () => {
    await come(fullMarked)
    expect(await neighbour.up(full)).toBe(0)
    const device = machine.devices.get('wg1') ?? expect.fail('no device')
    machine.devices.set('wg1', { ...device, fwmark: 7 })
    expect(await neighbour.reload(full)).toBe(0)
    expect(machine.devices.get('wg1')?.fwmark).toBe(51_820)
    await inOrder()
  })

  test('a reload that asks for it is refused, and takes nothing from it', async () => {
    await come(fullMarked)
    expect(await neighbour.up(full)).toBe(0)
    const before = machine.snapshot()
    expect(await neighbour.reload(fullMarked)).not.toBe(0)
    expect(machine.snapshot()).toEqual(before)
    await inOrder()
  })
})

test.each(['first', 'last'])(
  'two full tunnels: whichever goes %s, src_valid_mark comes back',
  async (order) => {
    const srcValidMark = () => machine.network.sysctls.get('net.ipv4.conf.all.src_valid_mark')
    await come(full)
    // The second one becomes a full tunnel by a reload, or is one from the start.
    expect(await neighbour.up(order === 'first' ? full : split), machine.printed).toBe(0)
    expect(await neighbour.reload(full), machine.printed).toBe(0)
    const [one, two] = order === 'first' ? [tunnel, neighbour] : [neighbour, tunnel]
    expect(await one.down(full)).toBe(0)
    expect(srcValidMark()).toBe('1')
    expect(await two.down(full)).toBe(0)
    expect(srcValidMark()).toBe('0')
  },
)

test('a rule of a hook that the kernel puts before the pair stays, with a journal and without', async () => {
  const foreign = {
    family: 4,
    table: 'main',
    selective: true,
    selectors: { to: cidr(4, '192.168.0.0', 16) },
  } as const
  const exceptions = { allow: ['10.7.0.0/16'] }
  const rules = () => machine.network.rulesOf(4).flatMap(({ selectors }) => selectors?.to?.address ?? [])
  const [before] = machine.network
    .rulesOf(4)
    .map(({ preference = 0 }) => preference)
    .slice(1)
  await come(full)
  const preference = (machine.network.rulesOf(4)[1]?.preference ?? 0) - 1
  expect(preference).toBe((before ?? 0) - 3)
  machine.network.apply({ do: 'rule.add', rule: { ...foreign, preference } })
  for (const lose of [() => {}, forget]) {
    lose()
    expect(await tunnel.differences(full)).toEqual([])
    expect(await tunnel.reload(full), machine.printed).toBe(0)
  }
  forget()
  expect(await tunnel.down(full)).toBe(0)
  expect(rules()).toEqual(['192.168.0.0'])
  // An exception of the file itself is known by its place, and goes.
  await come(full, { exceptions })
  expect(rules()).toContain('10.7.0.0')
  forget()
  expect(await tunnel.differences(full, { exceptions })).toEqual([])
  expect(await tunnel.down(full, { exceptions }), machine.printed).toBe(0)
  expect(rules()).toEqual(['192.168.0.0'])
})

test('a tunnel without a journal leaves no table of packet filters', async () => {
  const options = { exceptions: { allow: ['uid 1000'] }, gateway: { masquerade: 'auto', inward: false } }
  for (const disturb of [
    () => {},
    () => {
      machine.network.apply({ do: 'link.delete', name: 'wg0' })
      machine.devices.delete('wg0')
    },
  ]) {
    await come(full, { ...options, killSwitch: true })
    expect(machine.firewall.list()).toMatch(/wgq-aside-wg0[\s\S]*wgq-nat-wg0/)
    forget()
    disturb()
    expect(await tunnel.down(full, options), machine.printed).toBe(0)
    expect(machine.firewall.list()).not.toContain('wgq-')
  }
})

test("the kernel's own link-local address is no difference, and one of the file is no stranger", async () => {
  const add = (): void => {
    const op: Op = { do: 'address.add', dev: 'wg0', family: 6, address: 'fe80::5/64' }
    machine.network.apply(op)
  }
  await come(full)
  // The daemon of upstream gives its device one, and `up` protects every address that is there.
  machine.firewall.load(
    'add rule ip6 wg-quick-wg0 preraw iifname != "wg0" ip6 daddr fe80::5 fib saddr type != local drop\n',
  )
  add()
  expect(await tunnel.differences(full)).toEqual([])
  expect(await tunnel.down(full)).toBe(0)

  const own = file('10.5.0.0/16', ['Address = fe80::5/64'])
  await come(own)
  forget()
  expect(await tunnel.differences(own)).toEqual([])
  expect(await tunnel.reload(own), machine.printed).toBe(0)
})

test('the MTU of a fresh tunnel is that of the way of its mark', async () => {
  const { network } = machine
  network.addLink('up1', 'veth', 1400)
  network.setUp('up1', true)
  const dst = cidr(4, '0.0.0.0', 0)
  network.routes.push({ family: 4, dst, dev: 'up1', table: 77 })
  network.apply({ do: 'rule.add', rule: { family: 4, table: 77, fwmark: 0x77, preference: 90 } })
  const marked = file('10.5.0.0/16', ['FwMark = 0x77'], '203.0.113.5:51820')
  await come(marked)
  expect(network.links.get('wg0')?.mtu).toBe(1320)
  expect(await tunnel.differences(marked)).toEqual([])
})

test('the MTU stays if an endpoint is among the allowed IPs: the best way outside counts, with its own MTU', async () => {
  const { network } = machine
  network.addLink('up1', 'veth', 1300)
  network.setUp('up1', true)
  const dst = cidr(4, '0.0.0.0', 0)
  network.routes.push({ family: 4, dst, dev: 'up1', table: 254, metric: 200 })
  network.routes = network.routes.map((route) =>
    route.family === 4 && route.metric === 100 ? { ...route, mtu: 1450 } : route,
  )
  network.routes.reverse()
  const inside = file('203.0.113.0/24', [], '203.0.113.5:51820')
  await come(inside)
  expect(network.links.get('wg0')?.mtu).toBe(1370)
  expect(await tunnel.differences(inside)).toEqual([])
})

test('a trial that nobody confirms leaves the gateway as it was', async () => {
  const gateways = [
    {},
    { gateway: { masquerade: 'auto', inward: false } },
    { gateway: { masquerade: 'up0', inward: true } },
  ]
  for (const before of gateways)
    for (const after of gateways) {
      await come(split, before)
      const snapshot = machine.snapshot()
      const kept = await capture(tunnel.session(split, before))
      expect(await tunnel.reload(split, after), machine.printed).toBe(0)
      expect(await restore(tunnel.session(split, after), JSON.parse(JSON.stringify(kept)))).toBe(0)
      expect(machine.snapshot()).toEqual(snapshot)
      expect(await tunnel.down(split)).toBe(0)
    }
})

test("the administrator's suppress rule is never taken for the one that the tunnel lost", async () => {
  const { network } = machine
  const theirs = { family: 4, table: 'main', suppressPrefixLength: 0, preference: 5000 } as const
  network.apply({ do: 'rule.add', rule: theirs })
  // Another VPN for some networks only: the tunnel's rules belong behind its rule.
  network.routes.push({ family: 4, dst: cidr(4, '100.64.0.0', 10), dev: 'up0', table: 52 })
  network.apply({ do: 'rule.add', rule: { family: 4, table: 52, preference: 5270 } })
  const suppress = () =>
    network.rulesOf(4).flatMap((rule) => (rule.suppressPrefixLength === 0 ? rule.preference : []))
  await come(full)
  const before = machine.snapshot()
  expect(suppress()).toEqual([5000, 5272])
  network.apply({ do: 'rule.delete', rule: { ...theirs, preference: 5272 } })
  expect(await tunnel.differences(full)).toEqual([
    { object: 'rule', id: 'IPv4 table main suppress_prefixlength 0', wanted: 'present' },
  ])
  expect(await tunnel.reload(full), machine.printed).toBe(0)
  expect(machine.snapshot()).toEqual(before)
  for (const lose of [() => {}, forget]) {
    await come(full)
    network.apply({ do: 'rule.delete', rule: { ...theirs, preference: 5272 } })
    lose()
    expect(await tunnel.down(full), machine.printed).toBe(0)
    expect(suppress()).toEqual([5000])
  }
})

test.each(['resolvconf', 'resolvectl'] as const)('%s is uninstalled under a tunnel', async (kind) => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-resolver-'))
  const named = file('0.0.0.0/0', ['DNS = 10.9.0.1'])
  for (const isReloaded of [true, false]) {
    if (kind === 'resolvectl') machine.resolver.use(kind, folder)
    else machine.resolver.kind = kind
    await come(named)
    machine.resolver.use('file', folder)
    const path = join(folder, 'etc/resolv.conf')
    const before = readFileSync(path, 'utf8')
    if (isReloaded) {
      expect(await tunnel.reload(named), machine.printed).toBe(0)
      expect(readFileSync(path, 'utf8')).toContain('nameserver 10.9.0.1')
      expect(await tunnel.differences(named)).toEqual([])
    }
    expect(await tunnel.down(named), machine.printed).toBe(0)
    expect(readFileSync(path, 'utf8')).toBe(before)
    await expect(tunnel.down(named)).rejects.toMatchObject({ code: 'E_NOT_WIREGUARD' })
  }
  rmSync(folder, { recursive: true })
})

test.each(['resolvconf', 'resolvectl', 'file'] as const)(
  '%s has its own spelling of name servers',
  async (kind) => {
    const folder = mkdtempSync(join(tmpdir(), 'wgq-resolver-'))
    if (kind !== 'resolvconf') machine.resolver.use(kind, folder)
    const long = 'DNS = FD09:0:0:0::53, 1.1.1.1, corp.example., corp.example'
    const named = file('0.0.0.0/0', [long, 'DNS = 1.1.1.1, fd09::53'])
    await come(named)
    expect(await tunnel.differences(named)).toEqual([])
    const more = named.replace('0.0.0.0/0', '0.0.0.0/0, 10.9.0.0/16')
    machine.printed = ''
    expect(await tunnel.reload(more), machine.printed).toBe(0)
    expect(machine.printed).not.toMatch(/resolv/)
    expect(await tunnel.differences(more)).toEqual([])
    rmSync(folder, { recursive: true })
  },
)

test("the administrator's rules by the tunnel's mark are not its own", async () => {
  const { network } = machine
  const own = (lines: readonly string[]) => file('0.0.0.0/0', ['Table = off', 'FwMark = 51820', ...lines])
  const addTheirs = () => {
    network.routes.push({ family: 4, dst: cidr(4, '0.0.0.0', 0), dev: 'wg0', table: 51_820 })
    network.apply({ do: 'rule.add', rule: { family: 4, table: 'main', suppressPrefixLength: 0 } })
    network.apply({ do: 'rule.add', rule: { family: 4, table: 51_820, notFwmark: 51_820 } })
  }
  // A hook says so where the journal is lost.
  const byHook = own([
    'PostUp = ip route add default dev %i table 51820',
    'PostUp = ip rule add not fwmark 51820 table 51820',
  ])
  for (const [text, lose] of [
    [own([]), () => {}],
    [byHook, () => {}],
    [byHook, forget],
  ] as const) {
    await come(text)
    addTheirs()
    lose()
    const rules = network.rulesOf(4)
    expect(await tunnel.differences(text)).toEqual([])
    const more = text.replace('0.0.0.0/0', '0.0.0.0/0, 10.5.0.0/16')
    expect(await tunnel.reload(more), machine.printed).toBe(0)
    expect(network.rulesOf(4)).toEqual(rules)
    expect(await tunnel.down(more)).toBe(0)
    for (const { notFwmark, suppressPrefixLength, table } of network.rulesOf(4))
      if (notFwmark !== undefined || suppressPrefixLength !== undefined)
        network.apply({
          do: 'rule.delete',
          rule: {
            family: 4,
            table,
            ...(notFwmark && { notFwmark }),
            ...(suppressPrefixLength === 0 && { suppressPrefixLength }),
          },
        })
  }
})

test.each([
  ['a hook speaks of a rule', ['PostUp = nft add rule ip nat postrouting masquerade'], false],
  ['`wg set` took the default', [], true],
] as const)('the rules that upstream made go when the file sends less: %s', async (_, lines, isTaken) => {
  const whole = file('0.0.0.0/0, ::/0', [...lines])
  const before = machine.snapshot()
  await come(whole)
  forget()
  expect(await tunnel.differences(whole)).toEqual([])
  const less = file('10.5.0.0/16', [...lines])
  if (isTaken) {
    const device = machine.devices.get('wg0') ?? expect.fail('no device')
    const peers = device.peers.map((peer) => ({ ...peer, allowedIps: [cidr(4, '10.5.0.0', 16)] }))
    machine.devices.set('wg0', { ...device, peers })
  }
  expect(await tunnel.reload(less), machine.printed).toBe(0)
  for (const family of [4, 6] as const)
    expect(machine.network.rulesOf(family).filter(({ notFwmark }) => notFwmark !== undefined)).toEqual([])
  expect(await tunnel.down(less)).toBe(0)
  expect(machine.snapshot()).toEqual(before)
})

test('name servers that a hook or somebody else gave the interface stay', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-resolver-'))
  machine.resolver.use('resolvectl', folder)
  const theirs = { dns: '10.9.0.1', domain: '~corp.example' }
  const plain = file('10.5.0.0/16', [])
  const byHook = file('10.5.0.0/16', ['PostUp = resolvectl dns %i 10.9.0.1'])
  for (const [text, lose] of [
    [plain, () => {}],
    [byHook, () => {}],
    [byHook, forget],
  ] as const) {
    await come(text)
    machine.resolver.links.set('wg0', theirs)
    lose()
    expect(await tunnel.differences(text)).toEqual([])
    expect(await tunnel.reload(text.replace('10.5.0.0/16', '10.6.0.0/16')), machine.printed).toBe(0)
    expect(machine.resolver.links.get('wg0')).toEqual(theirs)
    expect(await tunnel.down(text)).toBe(0)
  }
  rmSync(folder, { recursive: true })
})

/** The data plane died, and /run/wgq is lost. */
const loseAll = () => {
  machine.network.apply({ do: 'link.delete', name: 'wg0' })
  machine.devices.delete('wg0')
  forget()
}

test('a floor that a lost run left is no obstacle, and goes with the kill switch', async () => {
  await come(split)
  const before = machine.snapshot()
  for (const family of [4, 6] as const) machine.network.apply({ do: 'floor.add', family, table: 51_820 })
  expect(await tunnel.reload(full, { killSwitch: true }), machine.printed).toBe(0)
  expect(await tunnel.differences(full, { killSwitch: true })).toEqual([])
  expect(await tunnel.reload(split), machine.printed).toBe(0)
  expect(machine.snapshot()).toEqual(before)
})

test('exceptions of generations whose journal and interface are gone do not pile up', async () => {
  const options = { exceptions: { allow: ['10.7.0.0/16', 'uid 1000'] } }
  await come(full, options)
  const before = machine.snapshot()
  for (let start = 0; start < 3; start++) {
    loseAll()
    await come(full, options)
    expect(machine.snapshot()).toEqual(before)
  }
})

test('down takes everything away, also without a journal and without the interface', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-resolver-'))
  machine.resolver.use('file', folder)
  const named = file('0.0.0.0/0, ::/0', ['DNS = 10.9.0.1'])
  const before = machine.snapshot()
  for (const lose of [forget, loseAll])
    for (const killSwitch of [false, true]) {
      await come(named, { killSwitch })
      lose()
      expect(await tunnel.down(named), machine.printed).toBe(0)
      expect(machine.snapshot()).toEqual(before)
      await expect(tunnel.down(named)).rejects.toMatchObject({ code: 'E_NOT_WIREGUARD' })
    }
  rmSync(folder, { recursive: true })
})

test("an exception that the administrator's own rule makes is enough, and that rule stays", async () => {
  const rule = {
    family: 4,
    table: 'main',
    selective: true,
    selectors: { to: cidr(4, '10.7.0.0', 16) },
  } as const
  const options = { exceptions: { allow: ['10.7.0.0/16'] } }
  await come(full)
  const preference = (machine.network.rulesOf(4)[1]?.preference ?? 0) - 1
  machine.network.apply({ do: 'rule.add', rule: { ...rule, preference } })
  const count = () => machine.network.rulesOf(4).filter(({ selectors }) => selectors?.to).length
  expect(await tunnel.reload(full, options), machine.printed).toBe(0)
  expect(await tunnel.differences(full, options)).toEqual([])
  expect(await tunnel.reload(full)).toBe(0)
  expect(count()).toBe(1)
  machine.network.apply({ do: 'rule.delete', rule: { ...rule, preference } })
  expect(await tunnel.reload(full, options), machine.printed).toBe(0)
  expect(count()).toBe(1)
  expect(await tunnel.down(full)).toBe(0)
  expect(count()).toBe(0)
})
