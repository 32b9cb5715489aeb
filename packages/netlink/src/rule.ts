// SPDX-License-Identifier: MIT
import type { Cidr } from '@wgq/model/cidr'
import { type Family, formatIp, parseIp } from '@wgq/model/ip'
import type { Rule, RuleSelectors } from '@wgq/model/operation'
import { littleEndian } from './byte-order.ts'
import type { BatchRequest, Exchange } from './exchange.ts'
import { type AttributeCursor, attributesOf, type Message } from './message-reader.ts'
import type { MessageWriter } from './message-writer.ts'
import { addressFamily, flag } from './protocol.ts'

/** rtnetlink message types of policy rules. */
const ruleType = { new: 32, delete: 33, get: 34 } as const

// fib_rules.h
const attribute = {
  destination: 1,
  source: 2,
  inputName: 3,
  goto: 4,
  preference: 6,
  fwmark: 10,
  suppressPrefixLength: 14,
  table: 15,
  fwmask: 16,
  outputName: 17,
  uidRange: 20,
  protocol: 21,
} as const
const toTable = 1
const invert = 2
const headerBytes = 12
/** No limit: -1. */
const noSuppression = 0xffff_ffff
const wholeMark = 0xffff_ffff
/** Further attributes that a rule of wg-quick's kind may have: IP protocol, port and UID ranges are selectors. */
const innocent = new Set<number>([
  attribute.preference,
  attribute.suppressPrefixLength,
  attribute.table,
  attribute.protocol,
  13, // FRA_SUPPRESS_IFGROUP
  18, // FRA_PAD
])

/** A rule whose table is a number. */
type NumberedRule = Rule & { readonly table: number }

/** `ip -4|-6 rule add [[not] fwmark MARK] table TABLE [suppress_prefixlength N]`; `protocol` 0 sends none. */
export const addRule = (rule: NumberedRule, protocol: number): BatchRequest => ({
  type: ruleType.new,
  flags: flag.create | flag.exclusive,
  fill: (writer) => write(writer, rule, toTable, protocol),
})

/** `ip -4|-6 rule delete …`: removes the first rule that has all given properties. */
export const deleteRule = (rule: NumberedRule): BatchRequest => ({
  type: ruleType.delete,
  flags: 0,
  fill: (writer) => write(writer, rule, 0, 0),
})

/** `ip -4|-6 rule show`, in the order of the kernel, which is that of preference. */
export const listRules = async (exchange: Exchange, family: Family): Promise<NumberedRule[]> => {
  let rules: NumberedRule[] = []
  await exchange.dump(ruleType.get, 0, (writer) => header(writer, family, 0, 0, 0), {
    read: (message) => {
      const rule = message.type === ruleType.new ? readRule(message) : undefined
      if (rule?.family === family) rules.push(rule)
    },
    restart: () => {
      rules = []
    },
  })
  return rules
}

/**
 * Reads RTM_NEWRULE; undefined for other families. A rule that looks up no table (prohibit, goto …) has table 0.
 * `selectors` holds everything that a rule of wg-quick's kind never has.
 */
export const readRule = (message: Message): NumberedRule | undefined => {
  const cursor = attributesOf(message, headerBytes)
  const { view, start } = message
  const number = view.getUint8(start)
  const family = number === addressFamily[4] ? 4 : number === addressFamily[6] ? 6 : undefined
  if (family === undefined) return undefined
  const looksUp = view.getUint8(start + 7) === toTable
  const inverted = (view.getUint32(start + 8, littleEndian) & invert) !== 0
  let table = view.getUint8(start + 4)
  let preference = 0
  let fwmark: number | undefined
  let fwmask = wholeMark
  const found: { suppressPrefixLength?: number; protocol?: number } = {}
  const selectors: { -readonly [K in keyof RuleSelectors]: RuleSelectors[K] } = {}
  const toLength = view.getUint8(start + 1)
  const fromLength = view.getUint8(start + 2)
  // Prefix lengths and TOS of the fixed part are selectors too.
  let selective = !looksUp || toLength + fromLength + view.getUint8(start + 3) > 0
  if (view.getUint8(start + 3) > 0) selectors.more = true
  while (cursor.next()) {
    const value = cursor.u32()
    if (cursor.type === attribute.table) table = value ?? table
    else if (cursor.type === attribute.preference) preference = value ?? 0
    else if (cursor.type === attribute.fwmark) fwmark = value
    else if (cursor.type === attribute.fwmask) fwmask = value ?? wholeMark
    else if (cursor.type === attribute.protocol) {
      const protocol = cursor.u8()
      if (protocol !== undefined) found.protocol = protocol
    } else if (cursor.type === attribute.suppressPrefixLength && value !== noSuppression) {
      if (value !== undefined) found.suppressPrefixLength = value
    } else if (!innocent.has(cursor.type)) {
      selective = true
      readSelector(selectors, cursor, fromLength, toLength)
    }
  }
  const whole = fwmark !== undefined && fwmask === wholeMark
  if (!whole && (fwmark !== undefined || inverted)) selective = true
  if (selective) {
    if (inverted) selectors.not = true
    if (fwmark !== undefined) selectors.fwmark = fwmark
    if (fwmark !== undefined && fwmask !== wholeMark) selectors.fwmask = fwmask
    const action = actionNames[view.getUint8(start + 7)]
    if (action !== undefined) selectors.action = action
  }
  return {
    family,
    table: looksUp ? table : 0,
    preference,
    ...found,
    ...(whole ? { [inverted ? 'notFwmark' : 'fwmark']: fwmark as number } : {}),
    ...(selective ? { selective, selectors } : {}),
  }
}

/** Names of FR_ACT_…, by number; 1 looks up a table. */
const actionNames: Readonly<Record<number, RuleSelectors['action']>> = {
  2: 'goto',
  3: 'nop',
  6: 'blackhole',
  7: 'unreachable',
  8: 'prohibit',
}

const readSelector = (
  selectors: { -readonly [K in keyof RuleSelectors]: RuleSelectors[K] },
  cursor: AttributeCursor,
  fromLength: number,
  toLength: number,
): void => {
  if (cursor.type === attribute.source) put(selectors, 'from', prefixOf(cursor, fromLength))
  else if (cursor.type === attribute.destination) put(selectors, 'to', prefixOf(cursor, toLength))
  else if (cursor.type === attribute.inputName) selectors.iif = cursor.text()
  else if (cursor.type === attribute.outputName) selectors.oif = cursor.text()
  else if (cursor.type === attribute.uidRange) {
    const bytes = cursor.bytes()
    const range = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (bytes.length >= 8)
      selectors.uidRange = [range.getUint32(0, littleEndian), range.getUint32(4, littleEndian)]
  } else if (cursor.type !== attribute.goto) selectors.more = true
}

const prefixOf = (cursor: AttributeCursor, prefixLength: number): Cidr | undefined => {
  const address = cursor.address()
  return address && { family: address.length === 4 ? 4 : 6, address: formatIp(address), prefixLength }
}

const put = <K extends string, V>(target: { [key in K]?: V }, key: K, value: V | undefined): void => {
  if (value !== undefined) target[key] = value
}

const write = (writer: MessageWriter, rule: NumberedRule, action: number, protocol: number): void => {
  const { to, uidRange } = rule.selectors ?? {}
  header(
    writer,
    rule.family,
    rule.table < 256 ? rule.table : 0,
    action,
    rule.notFwmark === undefined ? 0 : invert,
    to?.prefixLength,
  )
  if (to) writer.bytesAttribute(attribute.destination, parseIp(to.address) as Uint8Array)
  if (uidRange) {
    const bytes = new DataView(new ArrayBuffer(8))
    bytes.setUint32(0, uidRange[0], littleEndian)
    bytes.setUint32(4, uidRange[1], littleEndian)
    writer.bytesAttribute(attribute.uidRange, new Uint8Array(bytes.buffer))
  }
  if (rule.preference !== undefined) writer.u32Attribute(attribute.preference, rule.preference)
  const mark = rule.notFwmark ?? rule.fwmark
  if (mark !== undefined) writer.u32Attribute(attribute.fwmark, mark)
  if (rule.table >= 256) writer.u32Attribute(attribute.table, rule.table)
  if (rule.suppressPrefixLength !== undefined)
    writer.u32Attribute(attribute.suppressPrefixLength, rule.suppressPrefixLength)
  if (protocol !== 0) writer.u8Attribute(attribute.protocol, protocol)
}

/** struct fib_rule_hdr. */
const header = (
  writer: MessageWriter,
  family: Family,
  table: number,
  action: number,
  flags: number,
  toLength = 0,
): void => {
  writer.u8(addressFamily[family])
  writer.u8(toLength)
  writer.u16(0) // source prefix length, TOS
  writer.u8(table)
  writer.u16(0)
  writer.u8(action)
  writer.u32(flags)
}
