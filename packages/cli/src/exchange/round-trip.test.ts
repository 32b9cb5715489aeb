// SPDX-License-Identifier: MIT
import { lint } from '@wgq/config/lint/lint'
import type { LintDependencies } from '@wgq/config/lint/subject'
import { formatCidr } from '@wgq/model/cidr'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bootRoutes } from './bsd-routes.ts'
import { printHostnameIf } from './hostname-if.ts'
import { printIfconfigIf } from './ifconfig-if.ts'
import { printNetworkManager } from './network-manager.ts'
import { printNetworkd } from './networkd.ts'
import { printRcConf } from './rc-conf.ts'
import { readNetworkManager } from './read-network-manager.ts'
import { readNetworkd } from './read-networkd.ts'
import { lostNames, readTunnel } from './read-tunnel.ts'
import type { Tunnel } from './tunnel.ts'
import { formatTunnelEndpoint, isFullTunnel } from './tunnel.ts'

const keys = [1, 2, 3, 4].map((byte) => Buffer.alloc(32, byte).toString('base64'))

const line = (name: string, values: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.option(values, { nil: '' }).map((value) => (value === '' ? '' : `${name} = ${value}\n`))
const some = (...values: string[]) => fc.subarray(values).map((chosen) => chosen.join(', '))

const peer = (key: string): fc.Arbitrary<string> =>
  fc
    .tuple(
      line('# Name', fc.constantFrom('phone', 'head office', 'Büro "1"', 'a'.repeat(70))),
      line('PresharedKey', fc.constantFrom(keys[3] as string)),
      line('AllowedIPs', some('10.7.0.0/16', '10.8.0.5/24', '0.0.0.0/0', '::/0', 'fd00:7::/64', '224.0.0.5')),
      line(
        'Endpoint',
        fc.constantFrom('vpn.example:51820', '192.0.2.1:1', '[2001:db8::1]:51820', '[fe80::1%eth0]:5'),
      ),
      line('PersistentKeepalive', fc.constantFrom('off', '25', '50000')),
    )
    .map((lines) => `[Peer]\nPublicKey = ${key}\n${lines.join('')}`)

/** Files without lint errors that use every setting. */
const files = fc
  .tuple(
    fc.constantFrom('wg0', 'my tunnel', 'very-long-name-from-router'),
    fc
      .tuple(
        line('PrivateKey', fc.constantFrom(keys[0] as string)),
        line('ListenPort', fc.constantFrom('0', '51820', 'https')),
        line('FwMark', fc.constantFrom('off', '0x4d', '77', '51820')),
        line('Address', some('10.0.0.2', '10.1.0.2/24', 'fd00::2/64', 'fd00:1::2')),
        line('DNS', some('10.0.0.1', 'fd00::1', 'corp.example', '~office.example', 'https://dns.example')),
        line('MTU', fc.constantFrom('1380')),
        line('Table', fc.constantFrom('off', 'auto', 'main', '254', '1234', 'office')),
        line('PostUp', fc.constantFrom('echo up')),
        line('SaveConfig', fc.constantFrom('true')),
      )
      .map((lines) => `[Interface]\n${lines.join('')}`),
    fc.subarray(keys.slice(1, 3)).chain((chosen) => fc.tuple(...chosen.map(peer))),
  )
  .map(([name, head, peers]) => ({ name, text: [head, ...peers].join('\n') }))

/**
 * The settings of a tunnel in one form: the main table has several names, and is the default without a default route.
 */
const settings = (tunnel: Tunnel): Record<string, string> => {
  const table = /^(?:254|main)$/.test(tunnel.table ?? '') ? 'main' : tunnel.table
  const isUsual = table === 'main' && !isFullTunnel({ ...tunnel, table: undefined })
  const said: Record<string, unknown> = {
    name: tunnel.name,
    privateKey: tunnel.privateKey,
    listenPort: tunnel.listenPort,
    // A full tunnel has its own mark: wg-quick starts with 51820.
    fwmark: isFullTunnel(tunnel) && tunnel.fwmark === 51820 ? undefined : tunnel.fwmark,
    mtu: tunnel.mtu,
    table: isUsual ? undefined : table,
    addresses: tunnel.addresses.map(formatCidr).sort().join(' '),
    dns: [...tunnel.dnsServers].sort().join(' '),
    search: [...tunnel.dnsSearch].sort().join(' '),
    hooks: tunnel.hooks.map(({ command }) => command).join(' '),
  }
  for (const one of tunnel.peers) {
    said[`${one.publicKey} name`] = one.name
    said[`${one.publicKey} psk`] = one.presharedKey
    said[`${one.publicKey} endpoint`] = one.endpoint && formatTunnelEndpoint(one.endpoint)
    said[`${one.publicKey} keepalive`] = one.keepaliveSeconds
    said[`${one.publicKey} allowed`] = one.allowedIps.map(formatCidr).sort().join(' ') || 'none'
  }
  return Object.fromEntries(
    Object.entries(said).flatMap(([key, value]) =>
      value === undefined || value === '' ? [] : [[key, String(value)]],
    ),
  )
}

/** The words in a `lost:` line that explain a difference of this kind. */
const words: Record<string, RegExp> = {
  name: /^the name /,
  // A full tunnel without its table has the automatic mark.
  fwmark: /FwMark|mark|Table/,
  table: /Table/,
  dns: /^DNS|name server/,
  search: /^DNS|search domains/,
  hooks: /^PreUp/,
  'peer name': /name/,
  'peer keepalive': /PersistentKeepalive/,
}

const accounted = (before: Tunnel, after: Tunnel, lost: readonly string[]): void => {
  const was = settings(before)
  const is = settings(after)
  for (const key of new Set([...Object.keys(was), ...Object.keys(is)])) {
    if (was[key] === is[key]) continue
    const kind = key.includes('= ') ? `peer ${key.split('= ')[1]}` : key
    const word = words[kind]
    const why = `${key}: ${was[key]} became ${is[key]}; lost: ${lost.join(' | ')}`
    expect(word !== undefined && lost.some((sentence) => word.test(sentence)), why).toBe(true)
  }
}

const dependencies: LintDependencies = { publicKey: (key) => key, shellFaults: () => [] }
const valid = files.filter(({ text }) =>
  lint([{ file: 'f.conf', text, purpose: 'wg-quick' }], dependencies).every(
    ({ severity }) => severity !== 'error',
  ),
)
const runs = { numRuns: 100 }

describe('a file, exported and imported again: equal settings, or a sentence for each difference', () => {
  test('NetworkManager', async () => {
    await fc.assert(
      fc.asyncProperty(valid, async ({ name, text }) => {
        const { result: tunnel, lost } = await readTunnel(name, text, 'f.conf')
        const written = printNetworkManager(tunnel, name)
        const read = readNetworkManager(written.result, 'f')
        accounted(tunnel, read.result, [...lost, ...lostNames(tunnel), ...written.lost, ...read.lost])
      }),
      runs,
    )
  })

  test('networkd', async () => {
    await fc.assert(
      fc.asyncProperty(valid, async ({ name, text }) => {
        const { result: tunnel, lost } = await readTunnel(name, text, 'f.conf')
        const written = printNetworkd(tunnel)
        const { netdev, network } = written.result
        const read = readNetworkd({ path: 'f', text: netdev }, { path: 'f', text: network })
        accounted(tunnel, read.result, [...lost, ...written.lost, ...read.lost])
      }),
      runs,
    )
  })
})

describe('boot files of the BSDs hold every value, or a sentence says which they do not', () => {
  const holds = async (
    print: (tunnel: Tunnel) => { text: string; lost: readonly string[] },
    endpoint: (text: string) => string = (text) => text,
  ): Promise<void> => {
    await fc.assert(
      fc.asyncProperty(valid, async ({ name, text }) => {
        const { result: tunnel, lost } = await readTunnel(name, text, 'f.conf')
        const written = print(tunnel)
        const all = [...lost, ...written.lost]
        for (const [key, value] of Object.entries(settings(tunnel))) {
          const kind = key.includes('= ') ? `peer ${key.split('= ')[1]}` : key
          if (/^(?:name|hooks)$/.test(kind) || /^(?:off|none|main)$/.test(value)) continue
          if (kind === 'table' && bootRoutes(tunnel).length === 0) continue
          const form = kind === 'peer endpoint' ? endpoint(value) : value
          const parts = /^(?:addresses|dns|search|peer allowed)$/.test(kind) ? form.split(' ') : [form]
          for (const part of parts) {
            const plain = kind === 'addresses' && part.includes(':') ? part.split('/')[0] : part
            const isThere = written.text.includes(plain as string)
            const word = words[kind]
            const isLost = word !== undefined && all.some((sentence) => word.test(sentence))
            expect(isThere || isLost, `${key} ${part}; lost: ${all.join(' | ')}; ${written.text}`).toBe(true)
          }
        }
      }),
      runs,
    )
  }

  test('hostname.if', () =>
    holds(
      (tunnel) => ({ text: printHostnameIf(tunnel).result, lost: printHostnameIf(tunnel).lost }),
      (text) => text.replace(/^\[(.*)\]:/, '$1 ').replace(/^([^ ]*):([0-9]+)$/, '$1 $2'),
    ))

  test('rc.conf', () =>
    holds((tunnel) => {
      const { result, lost } = printRcConf(tunnel)
      return { text: Object.values(result).join('\n'), lost }
    }))

  test('ifconfig.if', () =>
    holds((tunnel) => {
      const { result, lost } = printIfconfigIf(tunnel)
      return { text: result.map(({ text }) => text).join('\n'), lost }
    }))
})
