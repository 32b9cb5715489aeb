// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { readSettings } from '@wgq/config/settings'
import { isWgqError } from '@wgq/model/error'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hook, quoted } from './hook.ts'
import { readNetworkManager } from './read-network-manager.ts'
import { readNetworkd } from './read-networkd.ts'
import { readTunnel } from './read-tunnel.ts'
import type { Converted, Tunnel } from './tunnel.ts'
import { printTunnel } from './tunnel.ts'

const key = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='
const phone = 'Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k='

/** Text that a careless program would parse as lines, quotes, comments, sections or commands. */
const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc
    .array(
      fc.constantFrom(
        ...[
          '\\n',
          '\\r',
          '\n',
          '\\s',
          '\\t',
          '\t',
          ' ',
          '\\\\',
          '\\',
          '"',
          "'",
          '`',
          '$(id)',
          ';',
          '#',
          '%i',
          '=',
          '~',
        ],
        ...[
          '1420',
          '10.0.0.1',
          '/24',
          'fd00::1',
          ',',
          'PostUp = id',
          '[Peer]',
          'wg0',
          '\u2028',
          '\x1b[2J',
          '/etc/k',
          key,
        ],
      ),
      { maxLength: 6 },
    )
    .map((pieces) => pieces.join('')),
)

/** A file whose sections have all supported keys, some with such values. */
const fileOf = (sections: Record<string, readonly (readonly [string, string])[]>): fc.Arbitrary<string> =>
  fc
    .tuple(
      ...Object.entries(sections).map(([name, entries]) =>
        fc
          .tuple(
            ...entries.map(([entry, good]) =>
              fc
                .option(fc.oneof(fc.constant(good), nasty), { nil: undefined })
                .map((value) => (value === undefined ? '' : `${entry}=${value}\n`)),
            ),
          )
          .map((lines) => `[${name}]\n${lines.join('')}`),
      ),
    )
    .map((parts) => parts.join('\n'))

const keyfiles = fileOf({
  wireguard: [
    ['private-key', key],
    ['listen-port', '1'],
    ['fwmark', '5'],
    ['mtu', '1420'],
    ['peer-routes', 'false'],
  ],
  [`wireguard-peer.${phone}`]: [
    ['endpoint', 'a:1'],
    ['preshared-key', key],
    ['persistent-keepalive', '25'],
    ['allowed-ips', '10.0.0.0/8;'],
  ],
  ipv4: [
    ['address1', '10.0.0.2/24'],
    ['dns', '10.0.0.1;'],
    ['dns-search', 'a;'],
    ['route-table', '7'],
    ['never-default', 'true'],
  ],
  ipv6: [
    ['addresses', 'fd00::2/64;'],
    ['dns', 'fd00::1;'],
    ['method', 'manual'],
  ],
}).chain((rest) => nasty.map((name) => `[connection]\ntype=wireguard\nid=${name}\n${rest}`))

const netdevs = fileOf({
  WireGuard: [
    ['PrivateKey', key],
    ['PrivateKeyFile', '/k'],
    ['ListenPort', '5'],
    ['FirewallMark', '5'],
    ['RouteTable', 'main'],
  ],
  WireGuardPeer: [
    ['PublicKey', phone],
    ['PresharedKeyFile', '/p'],
    ['AllowedIPs', '10.0.0.0/8'],
    ['Endpoint', 'a:1'],
    ['PersistentKeepalive', '25'],
  ],
}).chain((rest) =>
  nasty.map((name) => `[NetDev]\nKind=wireguard\nDescription=${name}\n${rest}# Name = ${name}\n`),
)

const networks = fileOf({
  Network: [
    ['Address', '10.0.0.2/24'],
    ['DNS', '10.0.0.1'],
    ['Domains', 'a ~b'],
  ],
  Link: [['MTUBytes', '1400']],
})

/** An imported tunnel, printed and read again, is unchanged; any other input is refused with its position. */
const holds = async (convert: () => Converted<Tunnel>, mostHooks: number): Promise<void> => {
  let imported: Tunnel
  try {
    imported = convert().result
  } catch (error) {
    if (!isWgqError(error)) throw error
    expect(error).toMatchObject({ code: 'E_IMPORT', at: { line: expect.any(Number) } })
    return
  }
  const text = printTunnel(imported)
  expect(readSettings(text, 'f').saveConfig).toBe(false)
  const again = (await readTunnel(imported.name, text, 'f')).result
  expect(again).toEqual(imported)
  expect(imported.hooks.length).toBeLessThanOrEqual(mostHooks)
}

describe('a value of a foreign file makes no line of its own', () => {
  test('keyfiles', async () => {
    await fc.assert(
      fc.asyncProperty(keyfiles, (text) => holds(() => readNetworkManager(text, 'f'), 0)),
      { numRuns: 500 },
    )
  })

  test('units', async () => {
    await fc.assert(
      fc.asyncProperty(netdevs, networks, (netdev, network) => {
        const most = (netdev.match(/^\s*(?:PrivateKeyFile|PresharedKeyFile)\s*=/gm) ?? []).length
        return holds(() => readNetworkd({ path: 'f', text: netdev }, { path: 'f', text: network }), most)
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    ['mtu="1420\\nDNS = 9.9.9.9"', 6],
    ['mtu=1420\\nDNS = 9.9.9.9', 6],
    ['listen-port=5\\tPostUp', 6],
    ['private-key=x\\r[Peer]', 6],
  ])('%s is refused at its line', (line, number) => {
    const text = `[connection]\ntype=wireguard\nid=a\n\n[wireguard]\n${line}\n`
    expect(() => readNetworkManager(text, 'a.nmconnection')).toThrow(
      expect.objectContaining({
        code: 'E_IMPORT',
        at: expect.objectContaining({ file: 'a.nmconnection', line: number }),
      }),
    )
  })

  test('a unit goes on behind a backslash, comments in between are not part of it', () => {
    const netdev = `[NetDev]\nName=wg7\nKind=wireguard\n[WireGuard]\nPrivateKeyFile=/etc/wireguard/k v\n[WireGuardPeer]\nPublicKey=${phone}\nAllowedIPs=10.7.0.0/16, \\\n# why\n;what\n 10.8.0.0/16\nAllowedIPs=\nAllowedIPs=10.9.0.0/16\n`
    const { result } = readNetworkd({ path: 'f', text: netdev })
    expect(printTunnel(result)).toContain("PostUp = wg set %i private-key '/etc/wireguard/k v'\n")
    expect(result.peers[0]?.allowedIps).toEqual([{ family: 4, address: '10.9.0.0', prefixLength: 16 }])
  })
})

test('a word in a hook is the same word for every shell, and none of wg-quick’s signs', () => {
  const words = fc.string({ unit: fc.constantFrom(...'ab/ \'"`$\\#%i;&|<>(){}*?~!=-.'), minLength: 1 })
  const shells = ['bash', 'sh'].filter((shell) => spawnSync(shell, ['-c', ':']).status === 0)
  fc.assert(
    fc.property(words, (word) => {
      const text = hook('PostUp', [{ plain: 'printf %s' }, word]).command
      expect(quoted(word)).not.toMatch(/%i|#|\n/)
      for (const shell of shells)
        expect(spawnSync(shell, ['-c', text.replaceAll('%i', 'wg0')], { encoding: 'utf8' }).stdout).toBe(word)
    }),
    { numRuns: 60 },
  )
  expect(() => quoted('a\nb')).toThrow(expect.objectContaining({ code: 'E_IMPORT' }))
})
