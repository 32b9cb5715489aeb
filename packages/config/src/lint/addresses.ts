// SPDX-License-Identifier: MIT
import { parseCidr } from '@wgq/model/cidr'
import type { Position } from '@wgq/model/error'
import { parseIp } from '@wgq/model/ip'
import { hideKeys } from '@wgq/model/shown'
import type { Diagnostic } from '../diagnostic.ts'
import { lower } from '../reading.ts'
import type { Setting } from '../settings.ts'
import type { Rule, Subject } from './subject.ts'
import { entriesOf, spot } from './subject.ts'

/**
 * Address, MTU, Table and SaveConfig: wg-quick passes them on unchecked, and `up` fails half-way (spec wg-quick §3).
 */
export const addressRules: Rule = (subject) =>
  subject.purpose === 'setconf'
    ? []
    : [
        ...subject.settings.addresses.flatMap(checkAddress),
        ...checkMtu(subject),
        ...checkTable(subject),
        ...checkSaveConfig(subject),
      ]

const place = ({ value, at }: Setting): { at: Position; width: number } => ({
  at,
  width: Math.max(value.length, 1),
})

const checkAddress = (address: Setting): Diagnostic[] => {
  const { value } = address
  // Another rule reports `Address` without "=".
  if (lower(value) === 'address') return []
  const cidr = parseCidr(value)
  if (!cidr) {
    const hint = parseIp(value.replace(/\/.*/, ''))
      ? 'the prefix length is 0 to 32 for IPv4, 0 to 128 for IPv6'
      : 'write ADDRESS/LENGTH, for example 10.0.0.2/24'
    const message = `"${value}" is not an address`
    return [{ code: 'bad-address', severity: 'error', ...place(address), message, hint }]
  }
  if (value.includes('/')) return []
  const message = `No prefix length: the system takes /${cidr.prefixLength}, this address alone`
  const hint = `write ${value}/${cidr.prefixLength} if that is meant`
  return [{ code: 'address-mask', severity: 'info', ...place(address), message, hint }]
}

const checkMtu = (subject: Subject): Diagnostic[] => {
  const { mtu } = subject.settings
  if (!mtu) return []
  if (!/^[0-9]+$/.test(mtu.value) || Number(mtu.value) < 68 || Number(mtu.value) > 65535) {
    const message = `An MTU is 68 to 65535 bytes, found "${mtu.value}"`
    const hint = 'remove the line to let wg-quick work it out; 1420 suits most links'
    return [{ code: 'bad-mtu', severity: 'error', ...place(mtu), message, hint }]
  }
  const has6 = subject.settings.addresses.some(({ value }) => value.includes(':'))
  if (Number(mtu.value) >= 1280 || !has6) return []
  const message = 'IPv6 needs an MTU of 1280 or more: the system switches it off on this interface'
  return [{ code: 'small-mtu', severity: 'warning', ...place(mtu), message, hint: 'use 1280 or more' }]
}

const checkTable = (subject: Subject): Diagnostic[] => {
  const { table } = subject.settings
  if (!table) return []
  const { value } = table
  const word = lower(value)
  if ((word === 'off' || word === 'auto') && value !== word) {
    const message = `"${value}" is not "${word}": letter case counts here, and there is no such table`
    return [
      { code: 'table-case', severity: 'error', ...place(table), message, hint: `write Table = ${word}` },
    ]
  }
  if (
    /^[-+]?[0-9]+$/.test(value)
      ? Number(value) >= 1 && Number(value) <= 0xffffffff
      : /^[^\t-\r ,]+$/.test(value) && hideKeys(value) === value
  ) {
    return []
  }
  const message = `A table is off, auto, 1 to 4294967295 or a name of rt_tables, found "${value}"`
  return [{ code: 'bad-table', severity: 'error', ...place(table), message }]
}

const checkSaveConfig = (subject: Subject): Diagnostic[] => {
  const entries = entriesOf(subject.interfaces, 'saveconfig')
  const found = entries.flatMap((entry): Diagnostic[] => {
    if (/^(?:true|false)$/i.test(entry.value.text)) return []
    const message = `SaveConfig is true or false, found "${entry.value.text}": wg-quick refuses the file`
    const at = entry.value.text === '' ? entry.name : entry.value
    return [{ code: 'bad-save-config', severity: 'error', ...spot(subject, entry, at), message }]
  })
  const last = entries.at(-1)
  if (!last || lower(last.value.text) !== 'true') return found
  if (!subject.document.lines.some((line) => line.text.includes('#'))) return found
  const message = 'wg-quick writes the file anew when the tunnel goes down: comments and host names are lost'
  const hint = '`wgq save` keeps them; or set SaveConfig = false'
  return [
    ...found,
    { code: 'save-config-comments', severity: 'info', ...spot(subject, last, last.name), message, hint },
  ]
}
