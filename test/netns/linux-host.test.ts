// SPDX-License-Identifier: MIT

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openHost } from '../../packages/backends/src/linux/host.ts'
import { type Cidr, parseCidr } from '../../packages/model/src/cidr.ts'
import type { WgqError } from '../../packages/model/src/error.ts'
import type { Host } from '../../packages/model/src/host.ts'
import type { Op, Rule } from '../../packages/model/src/operation.ts'
import { Namespace, whyNoNetns } from '../support/netns.ts'

const reason = whyNoNetns()
if (reason) console.log(`skipped: ${reason}`)

const cidr = (text: string): Cidr => parseCidr(text) as Cidr
const address = (text: string, family: 4 | 6 = 4): Op => ({
  do: 'address.add',
  dev: 't0',
  family,
  address: text,
})
const route = (text: string, table?: string, dev = 't0'): Op => ({
  do: 'route.add',
  dev,
  dst: cidr(text),
  ...(table === undefined ? {} : { table }),
})
const mtu = (text: string, dev = 't0'): Op => ({ do: 'link.up', dev, mtu: text })
const rule = (fields: Partial<Rule>): Op => ({
  do: 'rule.add',
  rule: { family: 4, table: 'main', ...fields },
})

/** The command that an operation equals. */
const commandOf = (op: Op): string => {
  switch (op.do) {
    case 'link.add':
      return `link add dev ${op.name} type wireguard`
    case 'link.delete':
      return `link delete dev ${op.name}`
    case 'link.up':
      return `link set mtu ${op.mtu} up dev ${op.dev}`
    case 'address.add':
    case 'address.delete':
      return `-${op.family} address ${op.do.slice(8)} ${op.address} dev ${op.dev}`
    case 'route.add':
    case 'route.delete':
      return `-${op.dst.family} route ${op.do.slice(6)} ${op.dst.address}/${op.dst.prefixLength} dev ${op.dev}${op.table === undefined ? '' : ` table ${op.table}`}`
    case 'rule.add':
    case 'rule.delete': {
      const { family, table, notFwmark, suppressPrefixLength } = op.rule
      const mark = notFwmark === undefined ? '' : ` not fwmark ${notFwmark}`
      const suppress =
        suppressPrefixLength === undefined ? '' : ` suppress_prefixlength ${suppressPrefixLength}`
      return `-${family} rule ${op.do.slice(5)}${mark} table ${table}${suppress}`
    }
    default:
      throw new Error(op.do)
  }
}

/** Everything that `ip` shows, without what the kernel chooses for itself. */
const stateOf = (ns: Namespace): string[] =>
  [
    '-d addr show t0',
    '-d -4 route show table all',
    '-d -6 route show table all',
    '-4 rule show',
    '-6 rule show',
  ].map((words) =>
    ns
      .run('ip', ...words.split(' '))
      .split('\n')
      .filter((line) => !/fe80|ff00::/.test(line) && !line.includes('stable-privacy'))
      .join('\n'),
  )

describe.skipIf(reason)('the host over netlink, compared with ip', () => {
  let theirs: Namespace
  let ours: Namespace
  let host: Host
  beforeAll(() => {
    theirs = new Namespace('nl-ip')
    ours = new Namespace('nl-ours')
    for (const ns of [theirs, ours]) ns.run('ip', 'tuntap', 'add', 't0', 'mode', 'tun')
    host = openHost({ netns: ours.name })
  })
  afterAll(() => {
    host.close()
    theirs.remove()
    ours.remove()
  })

  const operations: Op[] = [
    address('10.0.0.1/24'),
    address('10.0.0.1/24'),
    address('10.78.0.1'),
    address('10.5/16'),
    address('10.6.0.1/255.255.0.0'),
    address('010.0.0.1/24'),
    address('0x0a000001/24'),
    address('10.0.0.300/24'),
    address('10.0.0.1/33'),
    address('10.0.0.1/'),
    address('abc'),
    address('fd00::1/64'),
    address('10.1.1.1/24', 6),
    address('fd00::1/64', 6),
    address('fd00::1/64', 6),
    address('fd00::2', 6),
    address('::1/64', 6),
    address('::/64', 6),
    address('fd00::1/129', 6),
    { ...address('10.0.0.9/24'), dev: 'nope' } as Op,
    { do: 'address.delete', dev: 't0', family: 4, address: '10.78.0.1/32' },
    { do: 'address.delete', dev: 't0', family: 4, address: '10.78.0.1/32' },
    mtu('abc'),
    mtu('0'),
    mtu('-1'),
    mtu('99999999999'),
    mtu('1420x'),
    mtu('1420', 'nope'),
    mtu('0x58c'),
    route('10.9.0.0/16'),
    route('10.9.0.0/16'),
    route('10.9.0.1/16'),
    route('10.9.0.0/16', 'nosuchtable'),
    route('10.9.0.0/16', '12ab'),
    route('10.9.0.0/16', '-1'),
    route('10.9.0.0/16', '4294967296'),
    route('10.9.0.0/16', '4294967295'),
    route('10.9.1.0/24', '0'),
    route('10.9.0.0/16', 'local'),
    route('10.9.2.0/24', 'main'),
    route('10.9.0.0/16', '010'),
    route('10.9.0.0/16', '300', 'nope'),
    route('0.0.0.0/0', '51820'),
    route('fd01::/64'),
    route('fd01::/64'),
    route('fd01::1/64', '301'),
    route('::/0', '51820'),
    { do: 'route.delete', dev: 't0', dst: cidr('10.9.2.0/24') },
    { do: 'route.delete', dev: 't0', dst: cidr('10.9.2.0/24') },
    { do: 'route.delete', dev: 't0', dst: cidr('fd01::/64'), table: 301 },
    rule({ notFwmark: 51820, table: 51820 }),
    rule({ table: 'main', suppressPrefixLength: 0 }),
    rule({ family: 6, notFwmark: 51820, table: 51820 }),
    rule({ family: 6, table: 'main', suppressPrefixLength: 0 }),
    rule({ table: 'nosuchtable' }),
    { do: 'rule.delete', rule: { family: 4, table: 4711 } },
    { do: 'rule.delete', rule: { family: 6, table: 51820 } },
    { do: 'rule.delete', rule: { family: 6, table: 'main', suppressPrefixLength: 0 } },
    { do: 'link.delete', name: 'nope' },
    { do: 'link.add', name: 't0' },
    { do: 'link.add', name: 'averyveryverylongname' },
  ]
  it.each(operations.map((op) => [commandOf(op), op] as const))('ip %s', async (command, op) => {
    const expected = theirs.tryRun('ip', command.split(' '))
    const error = (await host.apply([op]).catch((caught: unknown) => caught)) as WgqError | undefined
    expect({ status: error?.exitCode ?? 0, stderr: error ? `${error.message}\n` : '' }).toEqual({
      status: expected.status,
      stderr: expected.stderr,
    })
    expect(stateOf(ours)).toEqual(stateOf(theirs))
  })

  it('reads back what ip shows', async () => {
    const links = await host.links()
    expect(links.map(({ index, name, mtu, up }) => ({ index, name, mtu, up }))).toEqual(
      JSON.parse(ours.run('ip', '-j', 'link', 'show')).map(
        (link: { ifindex: number; ifname: string; mtu: number; flags: string[] }) => ({
          index: link.ifindex,
          name: link.ifname,
          mtu: link.mtu,
          up: link.flags.includes('UP'),
        }),
      ),
    )
    expect(await host.link('t0')).toMatchObject({ name: 't0', kind: 'tun', mtu: 1420, up: true })
    expect(await host.link('nope')).toBeUndefined()
    for (const family of [4, 6] as const) {
      const shown: { addr_info: { local: string; prefixlen: number; scope: string }[] }[] = JSON.parse(
        ours.run('ip', '-j', `-${family}`, 'addr', 'show', 'dev', 't0'),
      )
      expect(
        (await host.addresses('t0', family)).map(({ cidr, scope }) => [
          cidr.address,
          cidr.prefixLength,
          scope,
        ]),
      ).toEqual(shown.flatMap((link) => link.addr_info).map((one) => [one.local, one.prefixlen, one.scope]))
      const routes: { dst: string; dev: string }[] = JSON.parse(
        ours.run('ip', '-j', `-${family}`, 'route', 'show', 'table', 'main'),
      )
      expect((await host.routes({ family })).map(({ dst, dev }) => [shortCidr(dst), dev])).toEqual(
        routes.map((one) => [one.dst, one.dev]),
      )
      const rules: { priority: number; table: string; fwmark?: string; suppress_prefixlen?: number }[] =
        JSON.parse(ours.run('ip', '-j', '-N', `-${family}`, 'rule', 'show'))
      expect(
        (await host.rules(family)).map((one) => [
          one.preference,
          String(one.table),
          one.notFwmark,
          one.suppressPrefixLength,
        ]),
      ).toEqual(
        rules.map((one) => [
          one.priority,
          one.table,
          one.fwmark === undefined ? undefined : Number(one.fwmark),
          one.suppress_prefixlen,
        ]),
      )
    }
    expect(await host.routes({ family: 4, table: 51820, dev: 't0' })).toMatchObject([
      { dst: cidr('0.0.0.0/0'), dev: 't0', table: 51820, protocol: 3 },
    ])
    expect(await host.routes({ family: 4, table: 4711 })).toEqual([])
    await expect(host.addresses('nope')).rejects.toMatchObject({ message: 'Cannot find device "nope"' })
  })

  it('looks routes up, with and without a mark', async () => {
    ours.run('ip', 'route', 'add', '10.200.0.0/16', 'dev', 't0', 'mtu', '1234')
    expect(await host.routeTo('127.0.0.1')).toMatchObject({ dev: 'lo' })
    expect(await host.routeTo('10.200.1.1')).toMatchObject({ dev: 't0', mtu: 1234 })
    expect(await host.routeTo('10.200.1.1')).not.toHaveProperty('mtuLocked')
    ours.run('ip', 'route', 'add', '10.201.0.0/16', 'dev', 't0', 'mtu', 'lock', '1234')
    expect(await host.routeTo('10.201.1.1')).toMatchObject({ mtu: 1234, mtuLocked: true })
    // The rule for packets without the mark leads to the tunnel's table.
    expect(await host.routeTo('192.0.2.1')).toMatchObject({ dev: 't0', table: 51820 })
    expect(await host.routeTo('192.0.2.1', 51820)).toBeUndefined()
  })

  it('looks IPv6 routes up, with their MTU and their table', async () => {
    const add = (words: string): string => ours.run('ip', '-6', 'route', 'add', ...words.split(' '))
    add('2001:db8:77::/48 dev t0 mtu 1300')
    add('2001:db8:78::/48 dev t0 table 4712')
    ours.run('ip', '-6', 'rule', 'add', 'to', '2001:db8:78::/48', 'table', '4712')
    for (const kind of ['blackhole', 'unreachable', 'prohibit'])
      add(`${kind} 2001:db8:79::/48 metric ${kind.length}`)
    expect(await host.routeTo('2001:db8:77::1')).toMatchObject({ dev: 't0', mtu: 1300, table: 254 })
    expect(await host.routeTo('2001:db8:78::1', 7)).toMatchObject({ dev: 't0', table: 4712 })
    for (let left = 3; left > 0; left--) {
      expect(await host.routeTo('2001:db8:79::1')).toBeUndefined()
      ours.run('ip', '-6', 'route', 'delete', '2001:db8:79::/48')
    }
    ours.run('ip', 'route', 'add', 'blackhole', '198.51.100.0/24')
    expect(await host.routeTo('198.51.100.1')).toBeUndefined()
  })

  it('marks rules that select by more than wg-quick does', async () => {
    ours.run('ip', 'rule', 'add', 'from', '10.0.0.0/8', 'table', '77')
    ours.run('ip', 'rule', 'add', 'iif', 'lo', 'table', '78')
    ours.run('ip', 'rule', 'add', 'not', 'fwmark', '5/15', 'table', '79')
    const selective = (await host.rules(4)).filter((one) => one.selective).map((one) => one.table)
    expect(selective.sort()).toEqual([77, 78, 79])
  })

  it('writes our protocol number when told to', async () => {
    const marked = openHost({ netns: ours.path, protocol: 151 })
    await marked.apply([route('10.151.0.0/16'), rule({ table: 151 })])
    marked.close()
    expect(ours.run('ip', 'route', 'show', 'proto', '151')).toContain('10.151.0.0/16')
    expect((await host.rules(4)).find((one) => one.table === 151)?.protocol).toBe(151)
  })

  it('stops at the operation that fails and takes back what the kernel did behind it', async () => {
    const many = Array.from({ length: 200 }, (_, index) => route(`10.50.${index}.0/24`))
    await host.apply([many[100] as Op])
    const before = stateOf(ours)
    const error = await host.apply(many).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ applied: 100, message: 'RTNETLINK answers: File exists', exitCode: 2 })
    const left = (await host.routes({ family: 4, dev: 't0' })).map((one) => one.dst.address)
    expect(left.filter((one) => one.startsWith('10.50.'))).toHaveLength(101)
    await host.apply(many.slice(0, 100).map((op) => ({ ...op, do: 'route.delete' }) as Op))
    expect(stateOf(ours)).toEqual(before)
  })

  it('carries out what is before an operation with a wrong argument', async () => {
    const error = await host
      .apply([route('10.60.0.0/24'), route('10.60.1.0/24', 'nosuchtable'), route('10.60.2.0/24')])
      .catch((caught: unknown) => caught)
    expect(error).toMatchObject({ applied: 1, exitCode: 255 })
    expect(ours.run('ip', 'route', 'show', 'root', '10.60.0.0/16').match(/10\.60/g)).toHaveLength(1)
  })
})

const shortCidr = ({ address, prefixLength, family }: Cidr): string =>
  prefixLength === 0
    ? 'default'
    : prefixLength === (family === 4 ? 32 : 128)
      ? address
      : `${address}/${prefixLength}`
