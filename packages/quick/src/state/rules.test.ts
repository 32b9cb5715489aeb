// SPDX-License-Identifier: MIT
import type { Op, Rule } from '@wgq/model/operation'
import { describe, expect, test } from 'vitest'
import { spell } from '../run/spell.ts'
import { rulePair } from './default-route.ts'
import { planJournalRules, planMarkRules } from './rules.ts'

const system = (family: 4 | 6): Rule[] => [
  { family, table: 255, preference: 0 },
  { family, table: 254, preference: 32766 },
]

/** The kernel lists tables by number. */
const add = (rules: readonly Rule[], family: 4 | 6, mark: number): Rule[] => {
  const pair = rulePair(
    family,
    mark,
    rules.filter((rule) => rule.family === family),
  ).map((rule) => ({
    ...rule,
    table: rule.table === 'main' ? 254 : rule.table,
  }))
  return [...rules, ...pair].sort((a, b) => (a.preference ?? 0) - (b.preference ?? 0))
}

const undoOf = (rules: readonly Rule[], mark: number): Op[] => {
  const own = rules.find((rule) => rule.notFwmark === mark) as Rule
  const suppress = { ...own, table: 'main', suppressPrefixLength: 0, preference: (own.preference ?? 0) - 1 }
  const { notFwmark: _, ...rest } = suppress
  return [
    { do: 'rule.delete', rule: own },
    { do: 'rule.delete', rule: rest },
  ]
}

test('preferences are those that the kernel would choose', () => {
  expect(rulePair(4, 51820, system(4))).toEqual([
    { family: 4, table: 51820, notFwmark: 51820, preference: 32765 },
    { family: 4, table: 'main', suppressPrefixLength: 0, preference: 32764 },
  ])
  // A foreign rule at 5210 pulls ours in front of it, as `ip rule add` would.
  expect(rulePair(4, 51820, [...system(4), { family: 4, table: 52, preference: 5210 }])[0]?.preference).toBe(
    5209,
  )
  // Without room, or without a second rule, the kernel chooses the place.
  expect(rulePair(4, 51820, [{ family: 4, table: 255, preference: 0 }])[0]).not.toHaveProperty('preference')
})

describe.each([4, 6] as const)('two tunnels, IPv%i', (family) => {
  const rules = add(add(system(family), family, 51820), family, 51821)

  test.each([51820, 51821])('with a journal only the rules of %i go', (mark) => {
    const ops = planJournalRules(undoOf(rules, mark), rules)
    expect(ops.map((op) => spell(op))).toEqual([
      `ip -${family} rule delete table ${mark}`,
      `ip -${family} rule delete table main suppress_prefixlength 0`,
    ])
    const gone = ops.map((op) => (op.do === 'rule.delete' ? op.rule.preference : undefined))
    expect(gone).toEqual(mark === 51820 ? [32765, 32764] : [32763, 32762])
  })

  test.each([51820, 51821])('without a journal neither', (mark) => {
    const ops = planMarkRules(mark, rules)
    const gone = ops.map((op) => (op.do === 'rule.delete' ? op.rule.preference : undefined))
    expect(gone).toEqual(mark === 51820 ? [32765, 32764] : [32763, 32762])
  })
})

test('a rule that somebody moved is found by its mark; a suppress rule is not guessed', () => {
  const rules = add(system(4), 4, 51820)
  const moved = rules.map((rule) => ({ ...rule, preference: (rule.preference ?? 0) - 100 }))
  expect(planJournalRules(undoOf(rules, 51820), moved)).toEqual([
    { do: 'rule.delete', rule: { family: 4, table: 51820, notFwmark: 51820, preference: 32665 } },
  ])
})

test('rules that only look alike stay', () => {
  const rules: Rule[] = [
    ...system(4),
    { family: 4, table: 770, notFwmark: 770, preference: 100 },
    { family: 4, table: 77, preference: 101 },
    { family: 4, table: 254, suppressPrefixLength: 0, preference: 99 },
    { family: 4, table: 77, notFwmark: 77, preference: 98, selective: true },
  ]
  expect(planMarkRules(77, rules)).toEqual([])
})

test('both families, IPv4 first, the mark before the rest', () => {
  const rules = add(add([...system(4), ...system(6)], 4, 51820), 6, 51820)
  expect(planMarkRules(51820, rules).map((op) => spell(op))).toEqual([
    'ip -4 rule delete table 51820',
    'ip -4 rule delete table main suppress_prefixlength 0',
    'ip -6 rule delete table 51820',
    'ip -6 rule delete table main suppress_prefixlength 0',
  ])
})
