// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
import type { Family } from '@wgq/model/ip'
import type { Rule } from '@wgq/model/operation'
import type { Difference } from './device-difference.ts'
import type { RouteChanges } from './route-difference.ts'
import { markOf, type RuleChanges } from './rule-difference.ts'
import type { Seen } from './seen.ts'
import type { TunnelRoute, TunnelState } from './tunnel-state.ts'

/** Differences of routes and rules: a default route as one item if all of it is missing or unwanted; else by item. */
export const inWords = (
  seen: Seen,
  wanted: TunnelState,
  routes: RouteChanges,
  rules: RuleChanges,
): Difference[] => {
  const whole = new Map<Family, 'wanted' | 'running'>()
  for (const family of [4, 6] as const) {
    const isDefault = ({ dst }: TunnelRoute) => dst.family === family && dst.prefixLength === 0
    if (seen.takesDefaultBy === 'rules') {
      const had = seen.pairs.some((pair) => pair.family === family)
      const wants = markOf(wanted, family) !== undefined
      if (wants && !had && routes.missing.some(isDefault)) whole.set(family, 'wanted')
      if (had && !wants) whole.set(family, 'running')
    } else if (seen.takesDefaultBy === 'halves') {
      const inMain = (route: TunnelRoute) => isDefault(route) && route.table === seen.mainTable
      if (routes.missing.some(inMain)) whole.set(family, 'wanted')
      if (routes.extra.some(inMain)) whole.set(family, 'running')
    }
  }
  const isPart = ({ dst, table }: TunnelRoute) =>
    dst.prefixLength === 0 &&
    whole.has(dst.family) &&
    (table === seen.mainTable) === (seen.takesDefaultBy === 'halves')
  const list = (all: readonly TunnelRoute[], side: 'wanted' | 'running'): Difference[] =>
    all
      .filter((route) => !isPart(route))
      .map(({ dst, table }) => ({
        object: 'route',
        id: formatCidr(dst),
        [side]: `table ${table === seen.mainTable ? 'main' : table}`,
      }))
  const name = (all: readonly Rule[], side: 'wanted' | 'running'): Difference[] =>
    all
      .filter(({ family }) => !whole.has(family))
      .map((rule) => ({ object: 'rule', id: ruleText(rule), [side]: 'present' }))
  return [
    ...list(routes.missing, 'wanted'),
    ...list(routes.extra, 'running'),
    ...name(rules.missing, 'wanted'),
    ...name(rules.extra, 'running'),
    ...[...whole].map(([family, side]) => ({
      object: 'default route',
      id: family === 4 ? '0.0.0.0/0' : '::/0',
      [side]: 'through the tunnel',
    })),
  ]
}

const ruleText = ({ family, table, notFwmark, fwmark, suppressPrefixLength, selectors }: Rule): string =>
  [
    `IPv${family}`,
    ...(selectors?.to ? [`to ${formatCidr(selectors.to)}`] : []),
    ...(selectors?.uidRange ? [`uidrange ${selectors.uidRange.join('-')}`] : []),
    ...(notFwmark === undefined ? [] : [`not fwmark ${notFwmark}`]),
    ...(fwmark === undefined ? [] : [`fwmark ${fwmark}`]),
    `table ${table === 254 ? 'main' : table}`,
    ...(suppressPrefixLength === undefined ? [] : [`suppress_prefixlength ${suppressPrefixLength}`]),
  ].join(' ')
