// SPDX-License-Identifier: MIT
import type { Rule } from '@wgq/model/operation'
import { expect, test } from 'vitest'
import { exceptionRules, planExceptions } from './exception-rules.ts'
import { isPlaced, placeBehind, preferencesIn } from './rule-place.ts'

const allow = ['10.0.0.0/8', '192.0.2.1/32', 'dev docker0', 'uid 1000', 'replies', 'lan']

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
