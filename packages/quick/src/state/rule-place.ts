// SPDX-License-Identifier: MIT
import type { Host } from '@wgq/model/host'
import type { Family } from '@wgq/model/ip'
import type { Rule } from '@wgq/model/operation'

/**
 * Where the rules of a default route belong: right before a preference given in the file, or behind the rules of others
 * for more specific tables and before the first one (`until`) that would match everything.
 */
export type RulePlace = { readonly before: number } | { readonly behind: number; readonly until: number }

/** local, main and default: their routes do not belong to another VPN. */
const systemTables = new Set([253, 254, 255])

/**
 * The place behind the last rule whose table has routes but no default route: that of another VPN for some networks
 * only (Tailscale's table 52). Undefined if there is none, or no room behind it.
 */
export const placeBehind = async (
  host: Pick<Host, 'routes'>,
  family: Family,
  rules: readonly Rule[],
): Promise<RulePlace | undefined> => {
  let behind: number | undefined
  for (const rule of rules.filter((one) => one.family === family)) {
    const table = Number(rule.table)
    const preference = rule.preference ?? 0
    if (table === 255 || rule.suppressPrefixLength === 0) continue
    const routes = systemTables.has(table) || table === 0 ? [] : await host.routes({ family, table })
    const takesAll =
      systemTables.has(table) ||
      rule.notFwmark !== undefined ||
      routes.some(({ dst }) => dst.prefixLength === 0)
    // A rule with a mark or another selector belongs to another program.
    if (takesAll && !rule.selective && rule.fwmark === undefined) {
      const fits = behind !== undefined && preference > behind + 3
      return fits ? { behind: behind as number, until: preference } : undefined
    }
    if (!takesAll && !rule.selective && routes.length > 0) behind = preference
  }
  return undefined
}

/** Says whether a pair of rules with these preferences is in its place. */
export const isPlaced = (place: RulePlace | undefined, suppress: number, notMark: number): boolean => {
  if (place === undefined) return true
  return 'before' in place
    ? notMark < place.before && suppress < notMark
    : suppress > place.behind && notMark < place.until
}

/** The preferences of the suppress rule and the mark's rule; the number before them is for exceptions. */
export const preferencesIn = (place: RulePlace): readonly [suppress: number, notMark: number] =>
  'before' in place ? [place.before - 2, place.before - 1] : [place.behind + 2, place.behind + 3]
