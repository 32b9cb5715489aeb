// SPDX-License-Identifier: MIT
import type { FirewallWriter } from '@wgq/firewall/state'
import type { Cidr } from '@wgq/model/cidr'
import type { Family } from '@wgq/model/ip'
import type { Op, Rule } from '@wgq/model/operation'
import { exceptionRules, planExceptions } from './exception-rules.ts'
import { preferencesIn, type RulePlace } from './rule-place.ts'

/** First mark tried; a mark is the number of its routing table as well (spec wg-quick §6.4). */
export const firstMark = 51820

/** Host state needed to plan a default route. */
interface DefaultRouteView {
  readonly rules: readonly Rule[]
  /** Addresses of the interface in this family, in the order of the system. */
  readonly addresses: readonly string[]
  /** net.ipv4.conf.all.src_valid_mark as read; undefined if it cannot be read. */
  readonly srcValidMark: string | undefined
  /** Where the rules belong; if absent, right below the second rule of the list. */
  readonly place?: RulePlace | undefined
  /** What bypasses a full tunnel, as {@link Exceptions.allow}. */
  readonly allow?: readonly string[] | undefined
}

/**
 * The steps that send all packets of one family through the tunnel except those with the mark: two rules, the route,
 * and for IPv4 the sysctl that lets marked replies pass the reverse path filter; then the firewall.
 */
export const planDefaultRoute = (
  dev: string,
  dst: Cidr,
  mark: number,
  view: DefaultRouteView,
  firewall: FirewallWriter | undefined,
): Op[] => {
  const { family } = dst
  const [notMark, suppress] = rulePair(family, mark, view.rules, view.place)
  const exceptions = exceptionRules(family, view.allow ?? [])
  const ops: Op[] = [
    { do: 'rule.add', rule: notMark },
    { do: 'rule.add', rule: suppress },
    ...planExceptions([], exceptions, suppress.preference).missing.map(
      (rule): Op => ({ do: 'rule.add', rule }),
    ),
    { do: 'route.add', dev, dst, table: mark },
  ]
  if (family === 4 && view.srcValidMark !== '1') {
    const previous = view.srcValidMark === undefined ? {} : { previous: view.srcValidMark }
    ops.push({ do: 'sysctl.set', key: srcValidMarkKey, value: '1', ...previous })
  }
  if (firewall) {
    const text = firewall.write({ dev, family, mark, addresses: view.addresses })
    ops.push({ do: 'firewall.load', tool: firewall.tool(family), text })
  }
  return ops
}

/** The sysctl that makes the reverse path filter consider marks. */
export const srcValidMarkKey = 'net.ipv4.conf.all.src_valid_mark'

/**
 * The two rules of a family with the preferences that the kernel would choose, each one below the second rule of the
 * list, or with those of a place. They are explicit so that exactly these rules can be found again.
 */
export const rulePair = (
  family: Family,
  mark: number,
  rules: readonly Rule[],
  place?: RulePlace,
): [Rule, Rule] => {
  const given = place && preferencesIn(place)
  if (given)
    return [
      { family, table: mark, notFwmark: mark, preference: given[1] },
      { family, table: 'main', suppressPrefixLength: 0, preference: given[0] },
    ]
  const preferences = rules.map((rule) => rule.preference ?? 0).sort((a, b) => a - b)
  const second = preferences[1]
  const room = second !== undefined && second > 2
  return [
    { family, table: mark, notFwmark: mark, ...(room ? { preference: second - 1 } : {}) },
    { family, table: 'main', suppressPrefixLength: 0, ...(room ? { preference: second - 2 } : {}) },
  ]
}
