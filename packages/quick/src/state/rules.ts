// SPDX-License-Identifier: MIT
import type { Host } from '@wgq/model/host'
import type { Op, Rule } from '@wgq/model/operation'
import { exceptionId, isException } from './exception-rules.ts'

const mainTable = 254

/**
 * Deletions for the rules of a journal that still exist, IPv4 first and the mark's rule before the other, as upstream
 * deletes them. A rule is found by all of its noted fields; if the mark's rule was moved to another preference, by the
 * mark and table, which no other tunnel shares.
 */
export const planJournalRules = (undo: readonly Op[], present: readonly Rule[]): Op[] => {
  const left = [...present]
  const found: Rule[] = []
  for (const op of undo) {
    if (op.do !== 'rule.delete') continue
    const wanted = op.rule
    let index = left.findIndex((rule) => sameRule(rule, wanted) && samePreference(rule, wanted))
    if (index < 0 && wanted.notFwmark !== undefined) index = left.findIndex((rule) => sameRule(rule, wanted))
    if (index >= 0) found.push(...left.splice(index, 1))
  }
  return found.sort(upstreamOrder).map((rule) => ({ do: 'rule.delete', rule: spelled(rule) }))
}

/**
 * Deletions for a tunnel without a journal (upstream's `up`): every rule `not fwmark MARK table MARK`, and for each its
 * suppress rule. Other tunnels keep theirs.
 */
export const planMarkRules = (mark: number, present: readonly Rule[]): Op[] => {
  const own = present.filter(
    (rule) => !rule.selective && tableNumber(rule) === mark && rule.notFwmark === mark,
  )
  const suppress = own.flatMap((rule) => present.find((other) => isSuppressOf(other, rule)) ?? [])
  return [...own, ...suppress].sort(upstreamOrder).map((rule) => ({ do: 'rule.delete', rule: spelled(rule) }))
}

/**
 * Says whether a rule is the suppress rule of a mark's rule: `up` adds it right after that, and the kernel puts it right
 * before that.
 */
export const isSuppressOf = (rule: Rule, { family, preference = 0 }: Rule): boolean =>
  rule.family === family && isSuppress(rule) && rule.preference === preference - 1

/** The rules of both families. */
export const allRules = async (host: Pick<Host, 'rules'>): Promise<Rule[]> => [
  ...(await host.rules(4)),
  ...(await host.rules(6)),
]

/** Says whether a rule looks up the main table without its default route. */
export const isSuppress = (rule: Rule): boolean =>
  !rule.selective &&
  tableNumber(rule) === mainTable &&
  rule.suppressPrefixLength === 0 &&
  rule.notFwmark === undefined

const tableNumber = ({ table }: Rule): number => (table === 'main' ? mainTable : Number(table))

/** A rule with other selectors (`from`, `iif` …) belongs to another program. */
const sameRule = (a: Rule, b: Rule): boolean =>
  (a.selectors && b.selectors
    ? isException(a) && exceptionId(a) === exceptionId(b)
    : !a.selective && !b.selective) &&
  a.family === b.family &&
  tableNumber(a) === tableNumber(b) &&
  a.notFwmark === b.notFwmark &&
  a.fwmark === b.fwmark &&
  a.suppressPrefixLength === b.suppressPrefixLength

const samePreference = (present: Rule, wanted: Rule): boolean =>
  wanted.preference === undefined || present.preference === wanted.preference

const upstreamOrder = (a: Rule, b: Rule): number =>
  a.family - b.family || Number(isSuppress(a)) - Number(isSuppress(b))

/** Spells table main by name, for the printed line. */
export const spelled = (rule: Rule): Rule =>
  tableNumber(rule) === mainTable ? { ...rule, table: 'main' } : rule
