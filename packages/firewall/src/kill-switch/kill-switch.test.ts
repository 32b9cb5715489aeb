// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { setChains, unsetChains } from '../iptables.ts'
import { setTable, unsetTable } from '../nft.ts'
import { readListed, readSaved } from '../own-table.ts'
import type { KillSwitchState } from '../state.ts'
import { wantsKillSwitch } from './directive.ts'
import { whileMarkMoves } from './plan.ts'
import { killSwitchTable } from './table.ts'

const { tableOf } = killSwitchTable

describe('wantsKillSwitch', () => {
  test.each([
    ['[Interface]\n# KillSwitch = on\n', true],
    ['[Interface]\n#killswitch=yes\n', true],
    ['[Interface]\n# KillSwitch = on\n# KillSwitch = off\n', false],
    ['[Interface]\nKillSwitch = on\n', false],
    ['[Interface]\n# KillSwitch = on\n[Peer]\n', true],
    ['[Peer]\n# KillSwitch = on\n', false],
    ['', false],
  ])('%j', (text, wanted) => {
    expect(wantsKillSwitch(text)).toBe(wanted)
  })
})

const root = process.getuid?.() === 0 && spawnSync('unshare', ['-n', 'true']).status === 0

/** Runs programs one after the other in a new network namespace and returns their output. */
const inside = (script: string): string => {
  const { status, stdout, stderr } = spawnSync('unshare', ['-n', 'sh', '-e', '-c', script], {
    encoding: 'utf8',
  })
  expect(status, stderr).toBe(0)
  return stdout
}

const load = (program: string, text: string): string => `${program} <<'END'\n${text}END\n`

const states: [string, KillSwitchState][] = [
  ['wg0', { mark: 51820, resolvers: [] }],
  ['wg0', { mark: 0, resolvers: [] }],
  ['wg0', { mark: 51820, alsoMark: 512, resolvers: ['192.0.2.53'] }],
  ['a=b+c.d-e', { mark: 0xdeadbeef, resolvers: ['192.0.2.53', '2001:db8::53', '192.0.2.54'] }],
]

describe.skipIf(!root || spawnSync('nft', ['--version']).status !== 0)(
  'with nft (needs root and nft)',
  () => {
    test.each(states)('of %s %j: what is loaded is read back, also in place of another one', (dev, state) => {
      const list = `nft list table ${tableOf(dev).name}\n`
      const other = setTable(tableOf(dev, { mark: 7, resolvers: ['192.0.2.1'] }))
      const listed = inside(load('nft -f -', other) + load('nft -f -', setTable(tableOf(dev, state))) + list)
      expect(readListed(killSwitchTable, dev, listed)).toEqual(state)
      expect(readListed(killSwitchTable, 'wg9', listed)).toBeUndefined()
    })

    test.each([
      ['a rule of its own goes', 'nft flush chain inet wgq-kill-wg0 output'],
      ['one too many lets packets out', 'nft insert rule inet wgq-kill-wg0 output oifname "eth0" accept'],
      ['its policy is another', `nft chain inet wgq-kill-wg0 forward '{ policy accept; }'`],
      ['it is dormant', `nft add table inet wgq-kill-wg0 '{ flags dormant; }'`],
      ['its forward chain is empty', 'nft flush chain inet wgq-kill-wg0 forward'],
    ])('is not read where %s', (_, command) => {
      const on = load('nft -f -', setTable(tableOf('wg0', { mark: 7, resolvers: [] })))
      expect(
        readListed(killSwitchTable, 'wg0', inside(`${on}${command}\nnft list table inet wgq-kill-wg0\n`)),
      ).toBeUndefined()
    })

    test('is removed, also where there is none', () => {
      const on = load('nft -f -', setTable(tableOf('a=b', { mark: 7, resolvers: [] })))
      const off = load('nft -f -', unsetTable(tableOf('a=b').name))
      expect(inside(`${on}${off}${off}nft list tables\n`)).toBe('')
    })
  },
)

describe.skipIf(!root || spawnSync('iptables-save', ['--version']).status !== 0)(
  'with iptables (needs root and iptables)',
  () => {
    const kinds = ['nft', 'legacy'].filter(
      (kind) => spawnSync('unshare', ['-n', `iptables-${kind}-save`, '-t', 'filter']).status === 0,
    )
    const families = [4, 6] as const
    const cases = kinds.flatMap((kind) =>
      families.flatMap((family) => states.map(([dev, state]) => [kind, family, dev, state] as const)),
    )

    test.each(cases)(
      '%s, IPv%d, of %s %j: what is loaded is read back and removed',
      (kind, family, dev, state) => {
        const program = `${family === 4 ? 'iptables' : 'ip6tables'}-${kind}`
        const on = (one: KillSwitchState, saved: string) =>
          load(`${program}-restore -n`, setChains(tableOf(dev, one), family, saved))
        const old = on({ mark: 7, resolvers: ['192.0.2.1'] }, '')
        const listed = inside(`${old}${program}-save`)
        const again = `${old}${on(state, listed)}`
        const replaced = inside(`${again}${program}-save`)
        expect(readSaved(killSwitchTable, dev, family, replaced)).toEqual({
          ...state,
          resolvers: state.resolvers.filter((server) => server.includes(':') === (family === 6)),
        })
        expect(replaced.match(/-j wgq-(?:kill|pass)/g)).toHaveLength(2)
        const without = `${again}${program} -D OUTPUT -j wgq-kill-${dev}\n${program}-save`
        expect(readSaved(killSwitchTable, dev, family, inside(without))).toBeUndefined()
        const off = load(`${program}-restore -n`, unsetChains(tableOf(dev), replaced) ?? '')
        expect(inside(`${again}${off}${program}-save`)).not.toContain('wgq-')
      },
    )
  },
)

test.each<[string, boolean]>([
  ['-A OUTPUT -j ACCEPT', false],
  ['-A OUTPUT -o eth0 -p tcp -m tcp --dport 443 -j ACCEPT', false],
  ['-A OUTPUT -j ufw-before-output', false],
  ['-A OUTPUT -g other', false],
  ['-A OUTPUT -j wgq-kill-wg1', true],
  ['-A OUTPUT -p icmp -j DROP', true],
  ['-A OUTPUT -j LOG --log-prefix "out "', true],
])('a rule of others before the jump of iptables: %s', (line, holds) => {
  const state: KillSwitchState = { mark: 7, resolvers: [] }
  const lines = setChains(tableOf('wg0', state), 4, '').split('\n')
  const jumps = lines.filter((one) => one.startsWith('-I ')).map((one) => one.replace('-I', '-A'))
  const saved = (first: readonly string[], last: readonly string[] = []) =>
    [
      ...lines.slice(0, -2).filter((one) => !one.startsWith('-I ')),
      ...first,
      ...jumps,
      ...last,
      'COMMIT',
      '',
    ].join('\n')
  expect(readSaved(killSwitchTable, 'wg0', 4, saved([line])) !== undefined).toBe(holds)
  // Behind the jump it decides about nothing.
  expect(readSaved(killSwitchTable, 'wg0', 4, saved([], [line]))).toBeDefined()
  const again = setChains(tableOf('wg0', state), 4, saved([line])).split('\n')
  expect(again.filter((one) => /^-[DI] /.test(one))).toEqual(
    holds ? [] : ['-D OUTPUT -j wgq-kill-wg0', '-I OUTPUT -j wgq-kill-wg0'],
  )
})

test('there is nothing to remove where iptables knows nothing of it', () => {
  expect(unsetChains(tableOf('wg0'), '*filter\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n')).toBeUndefined()
})

describe('forwarded packets pass through the tunnel in both directions and nowhere else', () => {
  const state: KillSwitchState = { mark: 7, resolvers: [] }

  test('with nft', () => {
    const rules = setTable(tableOf('wg0', state)).split('\n')
    expect(rules.filter((line) => /^add (?:rule|chain) \S+ \S+ forward /.test(line))).toEqual([
      'add chain inet wgq-kill-wg0 forward { type filter hook forward priority 0; policy drop; }',
      'add rule inet wgq-kill-wg0 forward oifname "wg0" accept',
      'add rule inet wgq-kill-wg0 forward iifname "wg0" accept',
    ])
  })

  test.each([4, 6] as const)('with iptables, IPv%i', (family) => {
    const rules = setChains(tableOf('wg0', state), family, '').split('\n')
    expect(rules.filter((line) => line.startsWith('-A wgq-pass-wg0 '))).toEqual([
      '-A wgq-pass-wg0 -o wg0 -j RETURN',
      '-A wgq-pass-wg0 -i wg0 -j RETURN',
      '-A wgq-pass-wg0 -j DROP',
    ])
  })
})

describe('what the machine sends passes through the tunnel, or as encrypted UDP with its mark', () => {
  const state: KillSwitchState = { mark: 7, resolvers: ['192.0.2.53'] }

  test('with nft', () => {
    const rules = setTable(tableOf('wg0', state)).split('\n')
    expect(rules.flatMap((line) => / output (.*)/.exec(line)?.[1] ?? [])).toEqual([
      '{ type filter hook output priority 0; policy drop; }',
      'oifname "lo" accept',
      'oifname "wg0" accept',
      'meta l4proto udp meta mark 7 accept',
      'meta nfproto ipv4 udp sport 68 udp dport 67 accept',
      'meta nfproto ipv6 udp sport 546 udp dport 547 accept',
      'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept',
      'meta skuid 0 ip daddr 192.0.2.53 udp dport 53 accept',
      'meta skuid 0 ip daddr 192.0.2.53 tcp dport 53 accept',
    ])
  })

  test('with iptables', () => {
    const rules = setChains(tableOf('wg0', state), 4, '').split('\n')
    expect(rules.flatMap((line) => /^-A wgq-kill-wg0 (.*)/.exec(line)?.[1] ?? [])).toEqual([
      '-o lo -j RETURN',
      '-o wg0 -j RETURN',
      '-p udp -m mark --mark 0x7 -j RETURN',
      '-p udp -m udp --sport 68 --dport 67 -j RETURN',
      '-d 192.0.2.53/32 -p udp -m udp --dport 53 -m owner --uid-owner 0 -j RETURN',
      '-d 192.0.2.53/32 -p tcp -m tcp --dport 53 -m owner --uid-owner 0 -j RETURN',
      '-j DROP',
    ])
    expect(rules).toContain('-I OUTPUT -j wgq-kill-wg0')
  })
})

test.each([
  ['changes', { mark: 7, resolvers: [] }, 7, 8, { mark: 7, alsoMark: 8, resolvers: [] }],
  [
    'changes, and the new one passes already',
    { mark: 8, resolvers: [] },
    7,
    8,
    { mark: 8, alsoMark: 7, resolvers: [] },
  ],
  ['stays', { mark: 7, resolvers: [] }, 7, 7, { mark: 7, resolvers: [] }],
  ['goes', { mark: 7, resolvers: [] }, 7, 0, { mark: 7, resolvers: [] }],
])('both marks pass while the mark of the device %s', (_, guard, now, next, passing) => {
  expect(whileMarkMoves(guard, now, next)).toEqual(passing)
})
