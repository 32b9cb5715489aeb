// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'
import type { Op, Rule } from '@wgq/model/operation'
import { rulePair } from './default-route.ts'
import { isPlaced, type RulePlace } from './rule-place.ts'
import { isSuppressOf, spelled } from './rules.ts'

/** The two rules of a default route as found; `suppress` only if it is right before the other. */
export interface RulePair {
  readonly family: Family
  readonly mark: number
  readonly notMark: Rule
  readonly suppress?: Rule
}

/**
 * The pairs `not fwmark MARK table MARK` of a family, each with its suppress rule, in kernel order. A suppress rule
 * elsewhere belongs to another tunnel or to the administrator.
 */
export const pairsOf = (rules: readonly Rule[], family: Family): RulePair[] =>
  rules
    .filter((rule) => rule.family === family && !rule.selective)
    .flatMap((rule) => {
      if (rule.notFwmark === undefined || Number(rule.table) !== rule.notFwmark) return []
      const suppress = rules.find((other) => isSuppressOf(other, rule))
      return [{ family, mark: rule.notFwmark, notMark: rule, ...(suppress ? { suppress } : {}) }]
    })

/** Changes that give one family the wanted rules. */
interface RulePlan {
  /** In this order: removals that must come first, additions, other removals. */
  readonly before: readonly Op[]
  readonly additions: readonly Op[]
  readonly after: readonly Op[]
  /** Missing rules and extra rules. */
  readonly missing: readonly Rule[]
  readonly extra: readonly Rule[]
  /** The preference of the wanted pair's suppress rule; undefined without a pair, or if the kernel chooses. */
  readonly suppress: number | undefined
}

/**
 * Plans one family. `mark` belongs to the wanted default route, `own` are the tunnel's pairs, `left` its single rules
 * without a pair, `all` every rule of the family, `place` where the pair belongs.
 */
export const planRuleChanges = (
  family: Family,
  mark: number | undefined,
  own: readonly RulePair[],
  left: readonly Rule[],
  all: readonly Rule[],
  place?: RulePlace,
): RulePlan => {
  const placed = own.filter(({ suppress, notMark: { preference = 0 } }) =>
    isPlaced(place, suppress?.preference ?? preference - 1, preference),
  )
  const whole = placed.find((pair) => pair.mark === mark && pair.suppress)
  const half = placed.find((pair) => pair.mark === mark)
  const others = own.filter((pair) => pair !== (whole ?? half)).flatMap(rulesOf)
  const remove = (rules: readonly Rule[]): Op[] =>
    rules.map((rule) => ({ do: 'rule.delete', rule: spelled(rule) }))
  const add = (rules: readonly Rule[]): Op[] => rules.map((rule) => ({ do: 'rule.add', rule }))
  if (mark === undefined || whole) {
    const extra = [...others, ...left]
    const suppress = whole?.suppress?.preference
    return { before: [], additions: [], after: remove(extra), missing: [], extra, suppress }
  }
  if (half) {
    const suppress = suppressBefore(half.notMark, all)
    if (suppress)
      return {
        before: [],
        additions: add([suppress]),
        after: remove([...others, ...left]),
        missing: [suppress],
        extra: [...others, ...left],
        suppress: suppress.preference,
      }
    const missing = rulePair(family, mark, all, place)
    const extra = [half.notMark, ...others, ...left]
    return {
      before: [],
      additions: add(missing),
      after: remove(extra),
      missing: missing.slice(1),
      extra: [...others, ...left],
      suppress: missing[1].preference,
    }
  }
  const missing = rulePair(
    family,
    mark,
    all.filter((rule) => !left.includes(rule)),
    place,
  )
  return {
    before: remove(left),
    additions: add(missing),
    after: remove(others),
    missing,
    extra: others,
    suppress: missing[1].preference,
  }
}

/** The suppress rule right before a rule, if that preference is free. */
const suppressBefore = ({ family, preference = 0 }: Rule, all: readonly Rule[]): Rule | undefined => {
  const free = preference > 1 && !all.some((rule) => rule.preference === preference - 1)
  return free ? { family, table: 'main', suppressPrefixLength: 0, preference: preference - 1 } : undefined
}

/** Operations that remove a pair. */
export const removalOf = (pair: RulePair): Op[] =>
  rulesOf(pair).map((rule) => ({ do: 'rule.delete', rule: spelled(rule) }))

const rulesOf = ({ notMark, suppress }: RulePair): Rule[] => (suppress ? [notMark, suppress] : [notMark])
