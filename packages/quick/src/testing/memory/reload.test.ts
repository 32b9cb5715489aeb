// SPDX-License-Identifier: MIT
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatCidr, parseCidr } from '@wgq/model/cidr'
import type { Key } from '@wgq/model/key'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { dryRun } from '../../imagined/dry-run.ts'
import { capture, restore } from '../../restore.ts'
import { readJournal } from '../../run/journal-files.ts'
import { noteTry } from '../../try.ts'
import { up } from '../../up.ts'
import type { Machine } from './machine.ts'
import { Stage } from './stage.ts'
import type { Tunnel } from './tunnel.ts'

const stage = new Stage()
afterAll(() => stage.clear())

let machine: Machine
let tunnel: Tunnel
let forget: () => void
beforeEach(() => {
  const set = stage.set(() => {})
  machine = set.machine
  tunnel = set.tunnel
  forget = set.forget
})

const key = 'Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k='
const cidr = (text: string) => parseCidr(text) ?? expect.fail(`no prefix: ${text}`)
const secret = 'FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE='

/** A file with additional lines for the interface and its peer. */
const file = (allowedIps: string, head: readonly string[] = [], peer: readonly string[] = []): string =>
  [
    '[Interface]',
    'PrivateKey = cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=',
    ...head,
    '[Peer]',
    `PublicKey = ${key}`,
    `AllowedIPs = ${allowedIps}`,
    'Endpoint = 192.0.2.9:51820',
    ...peer,
    '',
  ].join('\n')
const both = ['Address = 10.9.0.2/24, fd09::2/64']
const full = file('0.0.0.0/0, ::/0', both)
const split = file('10.5.0.0/16', ['Address = 10.9.0.2/24'])

/** `up --kill-switch`. */
const guarded = { killSwitch: true, killSwitchOption: true }

const come = async (text: string, options = {}): Promise<void> => {
  expect(await tunnel.up(text, options), machine.printed).toBe(0)
  machine.printed = ''
}
/** The machine's programs, but nft cannot change anything. */
const withoutNftChanges = () => {
  const { dependencies } = tunnel.session(full)
  const run: typeof dependencies.run = async (program, args, options) =>
    args[0] === '-f' ? { status: 1, stdout: '' } : dependencies.run(program, args, options)
  return { ...dependencies, run }
}
const objects = async (text: string): Promise<string[]> =>
  ((await tunnel.differences(text)) as { object: string; field?: string }[]).map(({ object, field }) =>
    field === undefined ? object : `${object} ${field}`,
  )
const device = () => machine.devices.get('wg0') ?? expect.fail('no device')
const journal = () => readJournal(tunnel.runDirectory, 'wg0') ?? expect.fail('no journal')
const rules = () =>
  [...machine.network.rulesOf(4), ...machine.network.rulesOf(6)].filter((rule) => rule.notFwmark)

describe('what others took away is a difference, and comes back', () => {
  test.each<[string, () => void, string[]]>([
    [
      'rules',
      () => {
        machine.network.rules = machine.network.rules.filter((rule) => !rule.notFwmark)
      },
      ['rule'],
    ],
    [
      'the route',
      () => {
        machine.network.routes = machine.network.routes.filter(({ table }) => table !== 51_820)
      },
      ['route'],
    ],
    [
      'the route, whose place another one took',
      () => {
        machine.network.routes = machine.network.routes.map((route) =>
          route.table === 51_820 && route.dev === 'wg0' ? { ...route, dev: 'up0' } : route,
        )
      },
      ['route'],
    ],
    ['packet filter', () => machine.firewall.tables.clear(), ['firewall', 'kill switch']],
    ['link', () => machine.network.setUp('wg0', false), ['link', 'address', 'route']],
  ])('%s', async (_, take, missing) => {
    await come(full, guarded)
    const before = machine.snapshot()
    expect(await objects(full)).toEqual([])
    take()
    expect([...new Set(await objects(full))]).toEqual(expect.arrayContaining(missing))
    expect(await tunnel.up(full), machine.printed).toBe(0)
    expect(machine.snapshot()).toEqual(before)
    expect(await objects(full)).toEqual([])
  })
})

test('a tunnel without a journal is known by its shape: nothing differs, nothing is done, down takes it all', async () => {
  const empty = machine.snapshot()
  await come(full)
  forget()
  expect(await objects(full)).toEqual([])
  machine.changes = 0
  expect(await tunnel.reload(full)).toBe(0)
  expect(machine.changes).toBe(0)
  expect(rules()).toHaveLength(2)
  expect(journal().undo.filter(({ do: kind }) => kind === 'rule.delete')).toHaveLength(4)
  expect(await tunnel.down(full)).toBe(0)
  expect(machine.snapshot()).toEqual(empty)
})

describe('a kill switch holds without packet filters too', () => {
  const outside = () =>
    ['198.51.100.1', '2001:db8:99::1'].filter(
      (to) => (machine.fate({ to }) as { dev?: string }).dev === 'up0',
    )
  const lose = () => {
    machine.firewall.tables.clear()
    machine.network.setUp('wg0', false)
  }

  test('flushed, and the link down: nothing is sent in clear until down, which leaves the machine as it was', async () => {
    const before = machine.snapshot()
    await come(full, guarded)
    lose()
    expect(outside()).toEqual([])
    expect(await tunnel.down(full), machine.printed).toBe(0)
    expect(machine.snapshot()).toEqual(before)
    expect(outside()).toHaveLength(2)
  })

  test('a floor that somebody took away is a difference, and comes back', async () => {
    await come(full, guarded)
    const before = machine.snapshot()
    machine.network.routes = machine.network.routes.filter(({ type }) => type !== 'unreachable')
    expect(await objects(full)).toEqual(['route', 'route'])
    expect(await tunnel.reload(full), machine.printed).toBe(0)
    expect(machine.snapshot()).toEqual(before)
    expect(await objects(full)).toEqual([])
  })

  test('its floors are not taken for the route of another tunnel when its data plane was killed', async () => {
    await come(full, guarded)
    const before = machine.snapshot()
    machine.network.apply({ do: 'link.delete', name: 'wg0' })
    machine.devices.delete('wg0')
    await come(full, guarded)
    expect(machine.snapshot()).toEqual(before)
    expect(await objects(full)).toEqual([])
  })

  test('its floors go with it, and with a tunnel whose journal was lost', async () => {
    const floors = () => machine.network.routes.filter(({ type }) => type === 'unreachable')
    await come(full)
    const plain = machine.snapshot()
    expect(await tunnel.reload(full, { killSwitch: true }), machine.printed).toBe(0)
    expect(floors()).toHaveLength(2)
    expect(await tunnel.reload(full), machine.printed).toBe(0)
    expect(machine.snapshot()).toEqual(plain)
    expect(await tunnel.reload(full, { killSwitch: true }), machine.printed).toBe(0)
    forget()
    expect(await tunnel.down(full), machine.printed).toBe(0)
    expect(floors()).toEqual([])
  })
})

describe('peers that run and are not in the file', () => {
  const other = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg='
  const saving = (allowedIps: string) => file(allowedIps, ['Address = 10.9.0.2/24', 'SaveConfig = true'])
  const withOther = (text: string) => `${text}[Peer]\nPublicKey = ${other}\nAllowedIPs = 10.6.0.0/16\n`
  const keys = () => device().peers.map(({ publicKey }) => publicKey)

  test('go without SaveConfig', async () => {
    await come(withOther(split))
    expect(await tunnel.reload(split)).toBe(0)
    expect(keys()).toEqual([key])
  })

  test('stay with SaveConfig = true, routes included, and are no difference; what the file changes comes', async () => {
    const running = withOther(saving('10.5.0.0/16'))
    await come(running)
    const before = machine.snapshot()
    expect(await objects(saving('10.5.0.0/16'))).toEqual([])
    expect(await tunnel.reload(saving('10.5.0.0/16'))).toBe(0)
    expect(machine.snapshot()).toEqual(before)
    expect(machine.printed).toContain(`[!] Peer ${other} of wg0 is not in its file and stays`)
    expect(await tunnel.reload(saving('10.7.0.0/16')), machine.printed).toBe(0)
    expect(keys()).toEqual([key, other])
    const to = ({ dst }: { dst: { address: string } }) => dst.address
    expect(machine.network.routes.map(to)).toEqual(expect.arrayContaining(['10.6.0.0', '10.7.0.0']))
    expect(machine.network.routes.map(to)).not.toContain('10.5.0.0')
  })

  test.each([
    ['stay where a hook reads peers from a file', 'wg addconf %i /etc/wireguard/peers', [key, other]],
    ['stay where a hook names them', `wg set %i peer ${other} allowed-ips 10.6.0.0/16`, [key, other]],
    ['go where a hook names another', `wg set %i peer ${key} persistent-keepalive 25`, [key]],
  ])('%s', async (_, hook, left) => {
    const hooked = file('10.5.0.0/16', ['Address = 10.9.0.2/24', `PostUp = ${hook}`])
    await come(hooked)
    const added = { publicKey: other as Key, allowedIps: [cidr('10.6.0.0/16')] }
    await machine.dependencies().devices.change('wg0', { peers: [added] })
    expect(await objects(hooked)).toHaveLength(2 - left.length)
    expect(await tunnel.reload(hooked), machine.printed).toBe(0)
    expect(keys()).toEqual(left)
    expect(machine.printed.includes('(a hook of the file adds peers)')).toBe(left.length === 2)
  })

  test('give an allowed IP to the peer of the file that asks for it, and get no routes that they had not', async () => {
    await come(saving('10.5.0.0/16'))
    const added = { publicKey: other as Key, allowedIps: [cidr('10.7.0.0/16'), cidr('10.8.0.0/16')] }
    await machine.dependencies().devices.change('wg0', { peers: [added] })
    expect(await tunnel.reload(saving('10.7.0.0/16')), machine.printed).toBe(0)
    expect(device().peers.map(({ allowedIps }) => allowedIps.map(formatCidr))).toEqual([
      ['10.7.0.0/16'],
      ['10.8.0.0/16'],
    ])
    expect(machine.network.routes.map(({ dst }) => dst.address)).not.toContain('10.8.0.0')
    expect(await objects(saving('10.7.0.0/16'))).toEqual([])
  })
})

test('up of a foreign interface of that name is refused', async () => {
  await come(full)
  forget()
  const other = full.replace(/PrivateKey = .*/, `PrivateKey = ${secret}`)
  await expect(tunnel.up(other)).rejects.toMatchObject({ code: 'E_EXISTS' })
})

test('whatever carries the mark follows it, without a loop and without a leak', async () => {
  const marked = file('0.0.0.0/0, ::/0', [...both, 'FwMark = 0x200'])
  await come(full)
  const wrong: string[] = []
  machine.after = (what) => {
    for (const to of ['198.51.100.1', '2001:db8:99::1'])
      if ((machine.fate({ to }) as { dev?: string }).dev === 'up0') wrong.push(`leak after ${what}`)
    const sent = machine.fate({ to: '192.0.2.9', mark: device().fwmark, udp: true })
    if ((sent as { dev?: string }).dev === 'wg0') wrong.push(`loop after ${what}`)
  }
  expect(await tunnel.reload(marked), machine.printed).toBe(0)
  machine.after = () => {}
  expect(wrong).toEqual([])
  expect(rules().map(({ notFwmark, table }) => [notFwmark, table])).toEqual([
    [0x200, 0x200],
    [0x200, 0x200],
  ])
  expect(JSON.stringify(machine.snapshot()['nft'])).toContain('0x00000200')
  expect(await objects(marked)).toEqual([])
})

test('an option of up lasts until down', async () => {
  await come(full, guarded)
  expect(await objects(full)).toEqual([])
  expect(await tunnel.reload(full.replace('::/0', '::/0, 10.5.0.0/16'))).toBe(0)
  expect(machine.firewall.list()).toContain('wgq-kill')
  expect(await tunnel.down(full)).toBe(0)
  await come(full)
  expect(machine.firewall.list()).not.toContain('wgq-kill')
})

test('a kill switch of the file goes with its line, and comes with it', async () => {
  await come(full, { killSwitch: true })
  expect(machine.firewall.list()).toContain('wgq-kill')
  expect(await objects(full)).toEqual(['kill switch'])
  expect(await tunnel.reload(full)).toBe(0)
  expect(machine.firewall.list()).not.toContain('wgq-kill')
  expect(await tunnel.reload(full, { killSwitch: true })).toBe(0)
  expect(machine.firewall.list()).toContain('wgq-kill')
  expect(await objects(full)).toEqual(['kill switch'])
})

describe('packet filters with a rule of somebody else', () => {
  const exceptions = { allow: ['uid 1000'] }
  const alter = (name: string) =>
    machine.firewall.tables.get(`inet ${name}-wg0`)?.get('output')?.rules.push('tcp dport 25 accept') ??
    expect.fail(`no ${name}`)
  const altered = (text: string, options = {}) => tunnel.differences(text, options)

  test('a kill switch goes with its line', async () => {
    await come(split, { killSwitch: true })
    alter('wgq-kill')
    expect(await altered(split)).toContainEqual({
      object: 'kill switch',
      running: 'altered',
      wanted: 'off',
    })
    expect(await tunnel.reload(split), machine.printed).toBe(0)
    expect(machine.firewall.list()).not.toContain('wgq-kill')
    expect(await altered(split)).toEqual([])
  })

  test('exceptions go with their lines', async () => {
    await come(full, { exceptions })
    alter('wgq-aside')
    expect(await altered(full)).toContainEqual({ object: 'exceptions', running: 'altered', wanted: 'off' })
    expect(await tunnel.reload(full), machine.printed).toBe(0)
    expect(machine.firewall.list()).not.toContain('wgq-aside')
    expect(await altered(full)).toEqual([])
  })

  test('both are put right while they are wanted', async () => {
    const options = { killSwitch: true, exceptions }
    await come(full, options)
    const before = machine.snapshot()
    alter('wgq-kill')
    alter('wgq-aside')
    expect(await altered(full, options)).toEqual([
      { object: 'kill switch', running: 'altered', wanted: 'on, mark 0xca6c, allows uid 1000' },
      { object: 'exceptions', running: 'altered', wanted: 'uid 1000, mark 0xca6c' },
    ])
    expect(await tunnel.reload(full, options), machine.printed).toBe(0)
    expect(machine.snapshot()).toEqual(before)
  })

  test('a reload that fails keeps a kill switch', async () => {
    await come(full, { killSwitch: true })
    alter('wgq-kill')
    const broken = withoutNftChanges()
    expect(await tunnel.reload(full, { killSwitch: true, dependencies: broken })).toBe(1)
    expect(machine.firewall.list()).toContain('wgq-kill')
    machine.changes = 0
    machine.refused = 2
    expect(await tunnel.reload(full.replace('10.9.0.2', '10.9.0.3'), { killSwitch: true })).not.toBe(0)
    machine.refused = 0
    expect(machine.printed).toContain('everything is as it was before')
    expect(machine.firewall.list()).toContain('wgq-kill')
  })
})

test('the kill switch is before the first hook', async () => {
  const seen: string[] = []
  machine.after = (what) => {
    if (what === 'hook') seen.push(machine.firewall.list())
  }
  await come(file('0.0.0.0/0', ['Address = 10.9.0.2/24', 'PreUp = true']), guarded)
  expect(seen).toEqual([expect.stringContaining('wgq-kill-wg0')])
})

test('a kill switch that cannot be switched off is noted, down says so, and the next one does it', async () => {
  await come(full, guarded)
  const broken = withoutNftChanges()
  expect(await tunnel.down(full, { dependencies: broken })).not.toBe(0)
  expect(machine.network.links.has('wg0')).toBe(false)
  expect(machine.firewall.list()).toContain('wgq-kill')
  expect(await tunnel.down(full)).toBe(0)
  expect(machine.firewall.list()).not.toContain('wgq-kill')
})

test('a tunnel that is no longer for all of IPv4 needs no src_valid_mark', async () => {
  const mark = () => machine.network.sysctls.get('net.ipv4.conf.all.src_valid_mark')
  await come(full)
  expect(mark()).toBe('1')
  expect(await tunnel.reload(file('::/0', both)), machine.printed).toBe(0)
  expect(mark()).toBe('0')
  expect(await tunnel.reload(full)).toBe(0)
  expect(mark()).toBe('1')
  expect(await tunnel.down(full)).toBe(0)
  expect(mark()).toBe('0')
})

test.each(['unreachable', 'blackhole', 'throw'] as const)(
  'a table in which others have a default route of type %s is not free',
  async (type) => {
    machine.network.routes.push({ family: 4, dst: cidr('0.0.0.0/0'), table: 51_820, type })
    await come(full)
    expect(device().fwmark).toBe(51_821)
    expect(await objects(full)).toEqual([])
    expect(await tunnel.down(full)).toBe(0)
    expect(machine.network.routes.filter(({ table }) => table === 51_820)).toHaveLength(1)
  },
)

test("routes in the table `local` are the tunnel's own, those of the kernel are not", async () => {
  const local = file('10.5.0.0/16', ['Address = 10.9.0.2/24', 'Table = 255'])
  await come(local)
  machine.network.routes.push({
    family: 4,
    dst: cidr('10.9.0.2/32'),
    dev: 'wg0',
    table: 255,
    protocol: 2,
    type: 'local',
  })
  expect(await objects(local)).toEqual([])
  expect(await tunnel.reload(local)).toBe(0)
})

test('tables by another name are the same', async () => {
  const inTable = (table: string) => file('10.5.0.0/16', ['Address = 10.9.0.2/24', `Table = ${table}`])
  await come(inTable('main'))
  expect(await objects(inTable('254'))).toEqual([])
  await come(inTable('1234'))
  expect(machine.network.routes.filter(({ table }) => table === 1234)).toHaveLength(1)
  expect(await objects(inTable('1234'))).toEqual([])
})

test('what was left out for want of IPv6 is not a difference; with --strict it fails', async () => {
  machine.network.switchIpv6Off()
  expect(await tunnel.up(full, { strict: true })).not.toBe(0)
  expect(machine.network.links.has('wg0')).toBe(false)
  await come(full)
  expect(await objects(full)).toEqual([])
  expect(await tunnel.reload(full)).toBe(0)
})

test('IPv6 that was switched off under a running split tunnel is a difference that a reload names', async () => {
  const mixed = file('10.5.0.0/16, fd77::/64', both)
  await come(mixed)
  const ofTunnel = () => ({
    link: machine.network.links.get('wg0'),
    routes: machine.network.routes
      .filter(({ dev }) => dev === 'wg0')
      .map(({ dst }) => formatCidr(dst))
      .sort(),
    undo: journal().undo.length,
  })
  const before = ofTunnel()
  machine.network.switchIpv6Off()
  expect(await tunnel.differences(mixed)).toEqual([
    { object: 'ipv6', running: 'switched off', wanted: 'on, for 1 address and 1 route' },
  ])
  const dry = await tunnel.reload(mixed, { act: async () => {} })
  expect([dry, machine.printed]).toEqual([0, expect.stringMatching(/1 address and 1 route away/)])
  machine.printed = ''
  expect(await tunnel.reload(mixed)).toBe(0)
  expect(machine.printed).toMatch(
    /a reload cannot .*sysctl -w net\/ipv6\/conf\/wg0\/disable_ipv6=0.*wgq reload wg0/,
  )
  // From then on it is as if `up` had left IPv6 out.
  machine.printed = ''
  expect([await objects(mixed), await tunnel.reload(mixed), machine.printed]).toEqual([[], 0, ''])
  for (const scope of ['all', 'default'])
    machine.network.sysctls.set(`net.ipv6.conf.${scope}.disable_ipv6`, '0')
  expect(await tunnel.reload(mixed)).toBe(0)
  expect(ofTunnel()).toEqual(before)
})

test('a file that wants no IPv6 any more has no such difference', async () => {
  await come(file('10.5.0.0/16, fd77::/64', both))
  machine.network.switchIpv6Off()
  const plain = file('10.5.0.0/16', ['Address = 10.9.0.2/24'])
  expect(await objects(plain)).not.toContain('ipv6')
})

test('IPv6 that is off for the interface alone is refused where packets would leave outside', async () => {
  const off = (name: string, value: string) =>
    machine.network.sysctls.set(
      `net${name === 'default' ? '.ipv6.conf.default.' : `/ipv6/conf/${name}/`}disable_ipv6`,
      value,
    )
  off('default', '1')
  const before = machine.snapshot()
  await expect(tunnel.up(full)).rejects.toMatchObject({ code: 'E_IPV6_OUTSIDE' })
  expect(machine.snapshot()).toEqual(before)
  await come(full, guarded)
  expect(await tunnel.down(full)).toBe(0)
  await come(file('10.5.0.0/16, fd77::/64', both))
  expect(await tunnel.down(full)).toBe(0)
  off('default', '0')
  await come(full)
  off('wg0', '1')
  machine.network.routes = machine.network.routes.filter(({ family, dev }) => family === 4 || dev !== 'wg0')
  const running = machine.snapshot()
  await expect(tunnel.reload(full)).rejects.toMatchObject({ code: 'E_IPV6_OUTSIDE' })
  expect(machine.snapshot()).toEqual(running)
})

test('an MTU too small for routes of IPv6 is refused without addresses too', async () => {
  const narrow = (allowedIps: string, head: readonly string[] = []) =>
    file(allowedIps, ['Address = 10.9.0.2/24', ...head])
  await expect(tunnel.up(narrow('0.0.0.0/0, ::/0', ['MTU = 1200']))).rejects.toMatchObject({ code: 'E_MTU' })
  await come(narrow('0.0.0.0/0, ::/0'))
  const before = machine.snapshot()
  const small = narrow('0.0.0.0/0, ::/0', ['MTU = 1200'])
  await expect(tunnel.reload(small)).rejects.toMatchObject({ code: 'E_MTU' })
  expect(machine.snapshot()).toEqual(before)
  expect(await tunnel.down(small)).toBe(0)
  await come(narrow('10.5.0.0/16, fd77::/64', ['MTU = 1200', 'Table = off']))
})

test('an MTU too small for IPv6 is refused while IPv6 is wanted', async () => {
  await come(full)
  const before = machine.snapshot()
  await expect(tunnel.reload(file('0.0.0.0/0, ::/0', [...both, 'MTU = 1200']))).rejects.toMatchObject({
    code: 'E_MTU',
  })
  expect(machine.snapshot()).toEqual(before)
})

test('lines that are taken out of the file lose their effect', async () => {
  await come(
    file('10.5.0.0/16', ['Address = 10.9.0.2/24', 'MTU = 1300', 'FwMark = 0x77', 'ListenPort = 5555']),
  )
  expect((await objects(split)).sort()).toEqual(['interface fwmark', 'interface listen port', 'mtu'])
  expect(await tunnel.reload(split), machine.printed).toBe(0)
  expect(device()).toMatchObject({ fwmark: 0 })
  expect(device().listenPort).not.toBe(5555)
  expect(machine.network.links.get('wg0')?.mtu).toBe(1420)
  expect(await objects(split)).toEqual([])
})

test('a preshared key that a hook set stays, one that the file gave goes with its line', async () => {
  const hooked = file('10.5.0.0/16', [
    'Address = 10.9.0.2/24',
    'PostUp = wg set %i peer K preshared-key /psk',
  ])
  await come(hooked)
  await machine
    .dependencies()
    .devices.change('wg0', { peers: [{ publicKey: key as never, presharedKey: secret as never }] })
  expect(await objects(hooked)).toEqual([])
  expect(await tunnel.reload(`${hooked}PersistentKeepalive = 25\n`)).toBe(0)
  expect(device().peers[0]?.presharedKey).toBe(secret)
  const said = `The preshared key of peer ${key} of wg0 is not from the file, and stays.`
  expect(machine.printed).toContain(said)
  machine.printed = ''
  expect(await tunnel.reload(hooked)).toBe(0)
  expect(machine.printed).not.toContain(said)
  expect(await tunnel.down(hooked)).toBe(0)
  await come(file('10.5.0.0/16', ['Address = 10.9.0.2/24'], [`PresharedKey = ${secret}`]))
  expect(await objects(split)).toEqual(['peer preshared key'])
  expect(await tunnel.reload(split)).toBe(0)
  expect(device().peers[0]?.presharedKey).toBeUndefined()
})

test('a keepalive that a hook set stays, and one of the file goes before it', async () => {
  const hooked = file('10.5.0.0/16', [
    'Address = 10.9.0.2/24',
    `PostUp = wg set %i peer ${key} persistent-keepalive 25`,
  ])
  await come(hooked)
  const [peer] = device().peers
  machine.devices.set('wg0', {
    ...device(),
    peers: [{ ...(peer ?? expect.fail('no peer')), keepaliveSeconds: 25 }],
  })
  expect(await objects(hooked)).toEqual([])
  expect(await tunnel.reload(hooked)).toBe(0)
  expect(device().peers[0]?.keepaliveSeconds).toBe(25)
  expect(await tunnel.reload(`${hooked}PersistentKeepalive = 7\n`)).toBe(0)
  expect(device().peers[0]?.keepaliveSeconds).toBe(7)
  expect(await objects(split)).toContain('peer persistent keepalive')
})

test('down runs the hooks that came with up; diff names that they changed, once', async () => {
  const hooks = (text: string) => file('10.5.0.0/16', ['Address = 10.9.0.2/24', `PreDown = ${text}`])
  await come(hooks('old'))
  expect(await objects(hooks('new'))).toEqual(['hooks'])
  expect(await tunnel.reload(hooks('new'))).toBe(0)
  expect(machine.printed).toContain('The hooks of wg0 changed')
  expect(await objects(hooks('new'))).toEqual([])
  machine.printed = ''
  expect(await tunnel.down(hooks('new'))).toBe(0)
  expect(machine.printed).toContain('[#] old\n')
})

test('a hook that fails does not keep the tunnel up', async () => {
  await come(file('10.5.0.0/16', ['Address = 10.9.0.2/24', 'PreDown = false']))
  const session = tunnel.session(split)
  const dependencies = {
    ...session.dependencies,
    run: (async (program, args, options) =>
      program === 'bash'
        ? { status: 3, stdout: '' }
        : session.dependencies.run(program, args, options)) as typeof session.dependencies.run,
  }
  expect(await tunnel.down(split, { dependencies })).toBe(3)
  expect(machine.network.links.has('wg0')).toBe(false)
})

test.each([
  ['', 'E_CONFIG_EMPTY'],
  ['[Interface]\nAddress = 10.9.0.2/24\n', 'E_CONFIG_KEY'],
])('a file that lost its content changes nothing (%j)', async (text, code) => {
  await come(full)
  const before = machine.snapshot()
  await expect(tunnel.reload(text)).rejects.toMatchObject({ code })
  expect(machine.snapshot()).toEqual(before)
})

test('rules of generations whose journal and interface are gone do not pile up', async () => {
  for (let start = 0; start < 3; start++) {
    await come(full)
    machine.network.apply({ do: 'link.delete', name: 'wg0' })
    machine.devices.delete('wg0')
    forget()
  }
  await come(full)
  expect(rules()).toHaveLength(2)
  expect(await tunnel.down(full)).toBe(0)
  expect(rules()).toEqual([])
})

test.each([
  ['a split tunnel', split],
  ['a full tunnel', full],
])('%s inside another one follows its MTU', async (_, inner) => {
  const { machine: one, neighbour, tunnel: upper } = stage.set(() => {})
  const lower = file('192.0.2.9/32', ['Address = 10.8.0.2/24', 'MTU = 1380']).replace(
    '= 192.0.2.9:51820',
    '= 198.51.100.9:51821',
  )
  expect(await neighbour.up(lower), one.printed).toBe(0)
  expect(await upper.up(inner), one.printed).toBe(0)
  expect(one.network.links.get('wg0')?.mtu).toBe(1300)
  expect(await neighbour.reload(lower.replace('1380', '1400')), one.printed).toBe(0)
  expect(await upper.differences(inner)).toEqual([{ object: 'mtu', running: '1300', wanted: '1320' }])
  expect(await upper.reload(inner), one.printed).toBe(0)
  expect(one.network.links.get('wg0')?.mtu).toBe(1320)
  expect(await upper.differences(inner)).toEqual([])
})

test('a renamed interface is found again by its index', async () => {
  await come(full)
  const link = machine.network.links.get('wg0') ?? expect.fail('no link')
  machine.network.links.delete('wg0')
  machine.network.links.set('wgx', { ...link, name: 'wgx' })
  await expect(tunnel.reload(full)).rejects.toMatchObject({ code: 'E_RENAMED' })
  expect(await tunnel.down(full), machine.printed).toBe(0)
  expect([...machine.network.links.keys()]).toEqual(['lo', 'up0'])
})

test('an interface that somebody else made in the meantime is not deleted by an undo', async () => {
  await come(full)
  machine.network.apply({ do: 'link.delete', name: 'wg0' })
  machine.devices.delete('wg0')
  machine.network.apply({ do: 'link.add', name: 'wg0' })
  await tunnel.down(full).catch(() => 1)
  expect(machine.network.links.has('wg0')).toBe(true)
})

test('a trial outlives an `up` that fails, and ends with one that succeeds', async () => {
  await come(split)
  noteTry({ runDirectory: tunnel.runDirectory, name: 'wg0' }, { token: 'x', config: '' })
  const isOnTrial = () => existsSync(join(tunnel.runDirectory, 'wg0.try'))
  await expect(tunnel.up(file('0.0.0.0/0, ::/0', [...both, 'MTU = 1200']))).rejects.toMatchObject({
    code: 'E_MTU',
  })
  await tunnel.up(full, { act: async () => {} })
  expect(isOnTrial()).toBe(true)
  await come(full)
  expect(isOnTrial()).toBe(false)
})

test('two verbs at once come one after the other', async () => {
  const [first, second] = await Promise.all([
    tunnel.up(full),
    tunnel.reload(full).catch((error) => error.code),
  ])
  expect(first).toBe(0)
  expect([0, 'E_NOT_WIREGUARD']).toContain(second)
  await Promise.all([tunnel.reload(split), tunnel.reload(full), tunnel.reload(split)])
  expect(await tunnel.reload(full), machine.printed).toBe(0)
  expect(await objects(full)).toEqual([])
})

test('a journal that cannot be understood is set aside with a word', async () => {
  await come(full)
  writeFileSync(join(tunnel.runDirectory, 'wg0.json'), '{"version":1,', { mode: 0o600 })
  expect(await tunnel.up(full), machine.printed).toBe(0)
  expect(machine.printed).toContain('was set aside')
  expect(readdirSync(tunnel.runDirectory)).toContain('wg0.json.unreadable')
  expect(journal().state).toBe('up')
})

test('a signal ends the look-up of names, and nothing changes', async () => {
  await come(full)
  const interruption: { signal?: NodeJS.Signals } = {}
  const session = tunnel.session(full, { interruption })
  const dependencies = { ...session.dependencies, readWgConfig: () => new Promise<never>(() => {}) }
  setTimeout(() => {
    interruption.signal = 'SIGTERM'
  }, 10)
  expect(await tunnel.reload(full, { interruption, dependencies })).toBe(143)
})

test('a step that fails leaves everything as it was', async () => {
  await come(full)
  const before = machine.snapshot()
  const session = tunnel.session(split)
  const { apply } = session.dependencies.host
  let count = 0
  const host = Object.assign(Object.create(session.dependencies.host), {
    apply: async (ops: Parameters<typeof apply>[0]) => {
      if (ops.some((op) => op.do === 'rule.delete') && count++ === 0)
        throw Object.assign(
          new (await import('@wgq/model/error')).WgqError('E_HOST', 'refused', { exitCode: 2 }),
          { applied: 0 },
        )
      return apply.call(session.dependencies.host, ops)
    },
  })
  expect(await tunnel.reload(split, { dependencies: { ...session.dependencies, host } })).toBe(2)
  expect(machine.printed).toContain('everything is as it was before')
  expect(machine.snapshot()).toEqual(before)
})

test('a dry run of a running tunnel is the plan of its reload', async () => {
  await come(split)
  const before = machine.snapshot()
  const { status, steps } = await dryRun(tunnel.session(full), up)
  expect(status).toBe(0)
  expect(steps.map(({ words }) => words)).toContain('ip -4 route add 0.0.0.0/0 dev wg0 table 51820')
  expect(machine.snapshot()).toEqual(before)
})

test('a trial that nobody confirms ends in the state before', async () => {
  await come(split)
  const before = machine.snapshot()
  const kept = await capture(tunnel.session(full))
  await come(full)
  expect(machine.snapshot()).not.toEqual(before)
  expect(await restore(tunnel.session(full), JSON.parse(JSON.stringify(kept)))).toBe(0)
  expect(machine.snapshot()).toEqual(before)
})
