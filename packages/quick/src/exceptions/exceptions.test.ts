// SPDX-License-Identifier: MIT
import { isWgqError } from '@wgq/model/error'
import type { Rule } from '@wgq/model/operation'
import { expect, test } from 'vitest'
import { readIptablesKillSwitch, writeIptablesKillSwitch } from '../kill-switch/iptables-text.ts'
import { isPlaced, placeBehind, preferencesIn } from '../state/rule-place.ts'
import { exceptionsOf } from './directives.ts'
import { readIptablesAside, removeIptablesAside, writeIptablesAside } from './iptables-text.ts'
import { exceptionRules, planExceptions } from './rules.ts'

const read = (...lines: string[]) =>
  exceptionsOf(`[Interface]\n${lines.map((line) => `# ${line}\n`).join('')}`, 'wg0.conf')

test('several lines add up, in one order', () => {
  expect(
    read('KillSwitchAllow = LAN, uid 01000', 'KillSwitchAllow = dev  docker0, 192.168.1.7/24, fd00::/8'),
  ).toEqual({
    allow: ['192.168.1.0/24', 'fd00::/8', 'dev docker0', 'uid 1000', 'lan'],
  })
  expect(read('ReplyOutside = on', 'Before = 5270')).toEqual({ allow: ['replies'], before: 5270 })
  expect(read('ReplyOutside = off', 'KillSwitch = on')).toBeUndefined()
})

test.each([
  'KillSwitchAllow = eth0',
  'KillSwitchAllow = 0.0.0.0/0',
  'KillSwitchAllow = lan, ::/0',
  'KillSwitchAllow = dev a"b',
  'KillSwitchAllow = dev eth*',
  'KillSwitchAllow = uid root',
  'KillSwitchAllow = uid 4294967295',
  'Before = 32767',
  'Before = 3',
  'Before = first',
])('%s is refused with its place', (line) => {
  let raised: unknown
  try {
    read('Name = one', line)
  } catch (error) {
    raised = error
  }
  expect(isWgqError(raised) && [raised.code, raised.at?.line]).toEqual(['E_VALUE', 3])
})

const allow = ['10.0.0.0/8', '192.0.2.1/32', 'dev docker0', 'uid 1000', 'replies', 'lan']

test('iptables reads what it was given, and only as a whole', () => {
  const state = { mark: 0xca6c, resolvers: [], allow }
  const batch = writeIptablesKillSwitch('wg0', 4, state, '')
  expect(readIptablesKillSwitch('wg0', 4, batch.replace(/-I (\w+)/g, '-A $1'))).toEqual(state)
  const aside = { mark: 0xca6c, allow: ['uid 1000', 'replies'] }
  const marks = writeIptablesAside('wg0', aside, '')
  expect(readIptablesAside('wg0', marks)).toEqual(aside)
  expect(readIptablesAside('wg0', marks.replace(/^.*-i lo.*\n/m, ''))).toBeUndefined()
  expect(removeIptablesAside('wg0', marks)).toContain('-X wgq-pre-wg0')
  expect(removeIptablesAside('wg0', '')).toBeUndefined()
})

test('one family of networks makes rules of that family; users make rules of both', () => {
  expect(exceptionRules(4, allow)).toHaveLength(3)
  expect(exceptionRules(6, allow)).toHaveLength(1)
  const wanted = exceptionRules(4, ['192.0.2.0/24'])
  const behind = wanted.map((rule) => ({ ...rule, preference: 100 }))
  const { missing, extra } = planExceptions(behind, wanted, 90)
  expect(missing).toEqual([{ ...wanted[0], preference: 89 }])
  expect(extra).toEqual(behind)
})

const rule = (preference: number, table: number, more: Partial<Rule> = {}): Rule => ({
  family: 4,
  preference,
  table,
  ...more,
})
const tables = (all: Record<number, number[]>) => ({
  routes: async ({ table }: { table?: number | string }) =>
    (all[Number(table)] ?? []).map((prefixLength) => ({
      family: 4 as const,
      table: Number(table),
      dst: { family: 4 as const, address: '0.0.0.0', prefixLength },
    })),
})
const local = rule(0, 255)
const main = rule(32_766, 254)

test.each<[string, Rule[], Record<number, number[]>, object | undefined]>([
  ['nobody else', [local, main], {}, undefined],
  ['some networks', [local, rule(5270, 52), main], { 52: [10] }, { behind: 5270, until: 32_766 }],
  [
    'with a mark of its own',
    [local, rule(5210, 254, { selective: true }), rule(5270, 52), main],
    { 52: [10] },
    { behind: 5270, until: 32_766 },
  ],
  ['an exit node', [local, rule(5270, 52), main], { 52: [10, 0] }, undefined],
  ['an empty table', [local, rule(5270, 52), main], {}, undefined],
  ['behind a full tunnel', [local, rule(100, 7), rule(5270, 52), main], { 7: [0], 52: [10] }, undefined],
  ['no room', [local, rule(32_764, 52), main], { 52: [10] }, undefined],
])('the place beside %s', async (_, rules, all, place) => {
  expect(await placeBehind(tables(all), 4, rules)).toEqual(place)
})

test('a place has room for exceptions', () => {
  expect(preferencesIn({ before: 5270 })).toEqual([5268, 5269])
  expect(preferencesIn({ behind: 5270, until: 32_766 })).toEqual([5272, 5273])
  expect(isPlaced({ behind: 5270, until: 32_766 }, 5208, 5209)).toBe(false)
  expect(isPlaced({ behind: 5270, until: 32_766 }, 32_764, 32_765)).toBe(true)
  expect(isPlaced({ before: 5270 }, 5272, 5273)).toBe(false)
})
