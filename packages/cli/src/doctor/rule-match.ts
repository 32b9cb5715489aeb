// SPDX-License-Identifier: MIT
import { type Cidr, covers, formatCidr } from '@wgq/model/cidr'
import type { Rule, RuleSelectors } from '@wgq/model/operation'

/** A packet from this machine, before source address selection. */
export interface OwnPacket {
  readonly address: Cidr
  readonly mark: number
  /** User ID of the sender; 0 is root. */
  readonly uid: number
}

/** Whether a policy rule selects a packet; undefined if it selects by unknown properties. */
export const ruleMatches = (rule: Rule, packet: OwnPacket): boolean | undefined => {
  if (rule.notFwmark !== undefined) return rule.notFwmark !== packet.mark
  const { selectors } = rule
  if (!selectors) return rule.selective ? undefined : (rule.fwmark ?? packet.mark) === packet.mark
  const matches = selected(selectors, packet)
  return matches === undefined ? undefined : matches !== (selectors.not ?? false)
}

const selected = (by: RuleSelectors, { address, mark, uid }: OwnPacket): boolean | undefined => {
  const mask = by.fwmask ?? 0xffff_ffff
  if (
    // The look-up itself selects the source address and output interface; our own packets have `lo` as input interface.
    (by.from !== undefined && by.from.prefixLength > 0) ||
    by.oif !== undefined ||
    (by.iif !== undefined && by.iif !== 'lo') ||
    (by.to !== undefined && !covers(by.to, address)) ||
    (by.fwmark !== undefined && (mark & mask) >>> 0 !== (by.fwmark & mask) >>> 0) ||
    (by.uidRange !== undefined && (uid < by.uidRange[0] || uid > by.uidRange[1]))
  )
    return false
  return by.more ? undefined : true
}

/** Formats a rule as `ip rule` shows it: `rule 5209 (from 10.0.0.0/8 fwmark 0x1/0xff), table 99`. */
export const ruleInWords = (rule: Rule): string => {
  const words = selectorWords(rule)
  const does = rule.selectors?.action ?? `table ${tableName(rule.table)}`
  return `rule ${rule.preference ?? '?'}${words === '' ? '' : ` (${words})`}, ${does}`
}

const selectorWords = ({ notFwmark, fwmark, selectors: by }: Rule): string => {
  if (notFwmark !== undefined) return `not fwmark ${hex(notFwmark)}`
  if (!by) return fwmark === undefined ? '' : `fwmark ${hex(fwmark)}`
  const words = by.not ? ['not'] : []
  if (by.from) words.push(`from ${formatCidr(by.from)}`)
  if (by.to) words.push(`to ${formatCidr(by.to)}`)
  if (by.iif !== undefined) words.push(`iif ${by.iif}`)
  if (by.oif !== undefined) words.push(`oif ${by.oif}`)
  if (by.fwmark !== undefined)
    words.push(`fwmark ${hex(by.fwmark)}${by.fwmask === undefined ? '' : `/${hex(by.fwmask)}`}`)
  if (by.uidRange) words.push(`uidrange ${by.uidRange.join('-')}`)
  if (by.more) words.push('…')
  return words.join(' ')
}

const hex = (value: number): string => `0x${value.toString(16)}`

/** The names in `ip route` of the tables that every system has. */
const tableName = (table: Rule['table']): string =>
  ({ 253: 'default', 254: 'main', 255: 'local' })[Number(table)] ?? `${table}`
