// SPDX-License-Identifier: MIT
import { parseCidr } from '@wgq/model/cidr'
import type { Family } from '@wgq/model/ip'
import type { Op, Rule } from '@wgq/model/operation'

/** The rules that route exceptions around the table of a full tunnel of one family; without preferences. */
export const exceptionRules = (family: Family, allow: readonly string[]): Rule[] =>
  allow.flatMap((token): Rule[] => {
    const [kind, value = ''] = token.split(' ')
    const cidr = parseCidr(token)
    if (kind === 'uid')
      return [{ ...main(family), selectors: { uidRange: [Number(value), Number(value)] as const } }]
    return cidr?.family === family ? [{ ...main(family), selectors: { to: cidr } }] : []
  })

const main = (family: Family) => ({ family, table: 'main', selective: true })

/** Says whether {@link exceptionRules} makes such a rule. */
export const isException = ({ table, selectors, suppressPrefixLength }: Rule): boolean =>
  (table === 'main' || table === 254) &&
  suppressPrefixLength === undefined &&
  selectors !== undefined &&
  Object.keys(selectors).length === 1 &&
  (selectors.to !== undefined || selectors.uidRange !== undefined)

/** Equal for rules of the same exception, whatever their preference. */
export const exceptionId = ({ family, selectors }: Rule): string =>
  `${family} ${JSON.stringify([selectors?.to, selectors?.uidRange])}`

/** Changes that give one family the wanted exceptions. */
interface ExceptionPlan {
  readonly missing: readonly Rule[]
  readonly extra: readonly Rule[]
}

/**
 * Compares exceptions; they take effect only before the rule with preference `limit`. One behind it is both missing and
 * extra. `others` are rules of other programs: one that does the same is enough, and stays.
 */
export const planExceptions = (
  present: readonly Rule[],
  wanted: readonly Rule[],
  limit: number | undefined,
  others: readonly Rule[] = [],
): ExceptionPlan => {
  const counts = (rule: Rule) => limit === undefined || (rule.preference ?? 0) <= limit
  const there = new Set([...present, ...others.filter(isException)].filter(counts).map(exceptionId))
  const wants = new Set(wanted.map(exceptionId))
  const preference = limit === undefined || limit < 2 ? {} : { preference: limit - 1 }
  return {
    missing: wanted
      .filter((rule) => !there.has(exceptionId(rule)))
      .map((rule) => ({ ...rule, ...preference })),
    extra: present.filter((rule) => !wants.has(exceptionId(rule)) || !counts(rule)),
  }
}

/**
 * The present rules that belong to the tunnel: noted, or without a journal those of `allow` right before one of its
 * pairs. The kernel gives that place to the next rule of anybody, so the place alone proves nothing.
 */
export const ownExceptions = (
  rules: readonly Rule[],
  noted: readonly Op[] | undefined,
  suppress: readonly Rule[],
  allow: readonly string[],
): Rule[] => {
  const allowed = new Set(
    ([4, 6] as const).flatMap((family) => exceptionRules(family, allow).map(exceptionId)),
  )
  const ids = new Set(
    (noted ?? []).flatMap((op) => (op.do === 'rule.delete' && op.rule.selectors ? exceptionId(op.rule) : [])),
  )
  return rules.filter(
    (rule) =>
      isException(rule) &&
      (noted
        ? ids.has(exceptionId(rule))
        : allowed.has(exceptionId(rule)) &&
          suppress.some(
            ({ family, preference = 0 }) => family === rule.family && rule.preference === preference - 1,
          )),
  )
}
