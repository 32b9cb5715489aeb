// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'
import type { Op, Rule } from '@wgq/model/operation'
import { isException, planExceptions } from './exception-rules.ts'
import { planRuleChanges } from './rule-plan.ts'
import { spelled } from './rules.ts'
import type { Seen } from './seen.ts'
import type { TunnelState } from './tunnel-state.ts'

/** Rule changes in three steps around the change of the device's mark. */
export interface RuleChanges {
  readonly before: readonly Op[]
  readonly additions: readonly Op[]
  readonly after: readonly Op[]
  /** Missing rules and extra rules. */
  readonly missing: readonly Rule[]
  readonly extra: readonly Rule[]
}

/**
 * Compares the rules of the default route and its exceptions. While the device's mark changes, a rule keeps packets
 * with the new mark outside.
 */
export const planRules = (everything: Seen, wanted: TunnelState): RuleChanges => {
  const bridge = bridges(everything, wanted)
  // An interrupted run may have left them.
  const built = everything.leftRules.filter((rule) => bridge.some((one) => isSameBridge(one, rule)))
  const toBuild = bridge.filter((one) => !built.some((rule) => isSameBridge(one, rule)))
  const seen = withoutRules(everything, built)
  const plans = ([4, 6] as const).map((family) => {
    const plan = planRuleChanges(
      family,
      markOf(wanted, family),
      seen.pairs.filter((pair) => pair.family === family),
      seen.leftRules.filter((rule) => rule.family === family),
      seen.allRules.filter((rule) => rule.family === family),
      wanted.rulePlaces?.[family],
    )
    const ofFamily = (rules: readonly Rule[]) =>
      rules.filter((rule) => rule.family === family && isException(rule))
    const { missing, extra } = planExceptions(
      ofFamily(seen.state.rules),
      ofFamily(wanted.rules),
      plan.suppress,
      seen.allRules.filter((rule) => rule.family === family),
    )
    return {
      before: plan.before,
      additions: [...plan.additions, ...missing.map((rule): Op => ({ do: 'rule.add', rule }))],
      after: [...extra.map((rule): Op => ({ do: 'rule.delete', rule: spelled(rule) })), ...plan.after],
      missing: [...plan.missing, ...missing],
      extra: [...plan.extra, ...extra],
    }
  })
  return {
    before: [
      ...toBuild.map((rule): Op => ({ do: 'rule.add', rule })),
      ...plans.flatMap(({ before }) => before),
    ],
    additions: plans.flatMap(({ additions }) => additions),
    after: [
      ...plans.flatMap(({ after }) => after),
      ...bridge.map((rule): Op => ({ do: 'rule.delete', rule })),
    ],
    missing: plans.flatMap(({ missing }) => missing),
    extra: plans.flatMap(({ extra }) => extra),
  }
}

/** The mark of a family's default route; undefined if rules take none. */
export const markOf = (state: Pick<TunnelState, 'rules'>, family: Family): number | undefined =>
  state.rules.find((rule) => rule.family === family && rule.notFwmark !== undefined)?.notFwmark

/**
 * While the device's mark changes, one of two pairs of rules would send its packets back into the tunnel: this rule
 * comes before all others and prevents that.
 */
const bridges = (seen: Seen, wanted: TunnelState): Rule[] =>
  ([4, 6] as const).flatMap((family) => {
    const mark = markOf(wanted, family)
    const hasOther = seen.pairs.some((pair) => pair.family === family && pair.mark !== mark)
    return mark !== undefined && hasOther ? [{ family, table: 'main', fwmark: mark, preference: 1 }] : []
  })

const isSameBridge = (a: Rule, b: Rule): boolean =>
  a.family === b.family && a.fwmark === b.fwmark && a.preference === b.preference

const withoutRules = (seen: Seen, rules: readonly Rule[]): Seen => ({
  ...seen,
  leftRules: seen.leftRules.filter((rule) => !rules.includes(rule)),
  allRules: seen.allRules.filter((rule) => !rules.includes(rule)),
})
