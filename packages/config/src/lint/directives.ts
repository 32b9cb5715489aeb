// SPDX-License-Identifier: MIT
import { parseCidr } from '@wgq/model/cidr'
import { parseIp } from '@wgq/model/ip'
import { hasControls } from '@wgq/model/shown'
import { isProtection, isSwitch, misplacedDirectives } from '../check-directives.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { type DirectiveName, directiveNames } from '../directive-names.ts'
import { interfaceDirectives } from '../directives.ts'
import type { Line } from '../document.ts'
import { nearest } from '../nearest.ts'
import { expiresPattern } from '../peers/blocks.ts'
import { expiryMs, isInCalendar } from '../peers/expiry.ts'
import { type Rule, spot } from './subject.ts'

/** Which values a directive takes, and the check for them. */
interface Known {
  readonly takes: string
  readonly fits: (value: string) => boolean
}

const numberUpTo = (least: number, most: number) => (value: string) =>
  /^[0-9]+$/.test(value) && Number(value) >= least && Number(value) <= most
const everyItem = (fits: (item: string) => boolean) => (value: string) =>
  value.split(',').every((item) => item.trim() !== '' && fits(item.trim()))
/** wg-quick takes anything made of digits and dots for a name server. */
const isServerOrDomain = (item: string): boolean =>
  parseIp(item) !== undefined || (/^~?[A-Za-z0-9_](?:[A-Za-z0-9_.-]*)$/.test(item) && !/^[0-9.]+$/.test(item))

/** `HOST[:PORT]`, IPv6 with or without brackets. */
const isEndpoint = (value: string): boolean => {
  if (parseIp(value)) return true
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9_.-]+))(?::([0-9]{1,5}))?$/.exec(value)
  const port = match?.[3]
  return match !== null && (port === undefined || (Number(port) > 0 && Number(port) < 65536))
}

const onOrOff: Known = { takes: 'on or off', fits: isSwitch }
const known: Readonly<Record<DirectiveName, Known>> = {
  KillSwitch: onOrOff,
  KillSwitchAllow: {
    takes: 'lan, networks, dev INTERFACE and uid NUMBER, separated by commas',
    fits: everyItem((item) => /^(?:lan|(?:dev|uid)\s+\S+)$/i.test(item) || parseCidr(item) !== undefined),
  },
  ReplyOutside: onOrOff,
  StickyPort: onOrOff,
  SocketGroup: { takes: 'a group or its number', fits: (value) => /^[^\s:,]{1,32}$/.test(value) },
  Masquerade: {
    takes: 'auto, off or the interface that leads out',
    fits: (value) => /^[^\s/"'\\{};#]{1,15}$/.test(value),
  },
  Forward: onOrOff,
  Before: { takes: 'the preference of a rule from 4 to 32766', fits: numberUpTo(4, 32_766) },
  ClientEndpoint: { takes: 'HOST or HOST:PORT', fits: isEndpoint },
  ClientDNS: { takes: 'addresses of name servers, and domains', fits: everyItem(isServerOrDomain) },
  ClientAllowedIPs: {
    takes: 'networks, separated by commas',
    fits: everyItem((item) => parseCidr(item) !== undefined),
  },
  ClientKeepalive: {
    takes: 'seconds from 1 to 65535, or off',
    fits: (value) => value.toLowerCase() === 'off' || numberUpTo(0, 65535)(value),
  },
  ClientMTU: { takes: 'bytes from 576 to 65535', fits: numberUpTo(576, 65535) },
}
const byKey = new Map(directiveNames.map((name) => [name.toLowerCase(), { name, ...known[name] }]))

/** Returns what a directive takes if a value does not fit it or cannot be on one line; undefined for a good value. */
export const directiveFault = (name: DirectiveName, value: string): string | undefined => {
  const { takes, fits } = known[name]
  return !hasControls(value) && fits(value.trim()) ? undefined : takes
}

/** Directives with values that wgq's verbs would refuse or ignore. wg and wg-quick read none of them. */
export const directiveRules: Rule = (subject) => {
  const { lines } = subject.document
  const found = interfaceDirectives(subject.document).flatMap(({ key, value, line }): Diagnostic[] => {
    const { text, number } = lines[line - 1] as Line
    const one = byKey.get(key)
    if (!one) return unknown(text, key, (name) => spot(subject, { line: { number } }, name))
    if (value === '' || one.fits(value)) return []
    const span = { text: value, column: text.lastIndexOf(value) + 1 }
    return [
      {
        code: 'bad-directive',
        severity: isProtection(one.name) ? 'error' : 'warning',
        ...spot(subject, { line: { number } }, span),
        message: `${one.name} takes ${one.takes}, found "${value}"`,
        hint: 'wg-quick passes over this comment; wgq does not',
      },
    ]
  })
  for (const { line: number, message, hint } of misplacedDirectives(subject.document)) {
    const { text } = lines[number - 1] as Line
    const span = { text: text.trim(), column: text.length - text.trimStart().length + 1 }
    found.push({
      code: 'bad-directive',
      severity: 'error',
      ...spot(subject, { line: { number } }, span),
      message,
      hint,
    })
  }
  for (const { section } of subject.peers) {
    for (let at = section.start; at < section.end; at++) {
      const { text, number } = lines[at] as Line
      const value = text.includes('#') ? expiresPattern.exec(text)?.[1] : undefined
      if (value === undefined || value === '' || (expiryMs(value) !== undefined && isInCalendar(value)))
        continue
      found.push({
        code: 'bad-directive',
        severity: 'warning',
        ...spot(subject, { line: { number } }, { text: value, column: text.lastIndexOf(value) + 1 }),
        message: `Expires takes a date such as 2026-12-31, found "${value}"`,
        hint: '`wgq peer expire` writes a date that is one',
      })
    }
  }
  return found
}

/** Reports a comment that looks like a misspelt directive; any other comment is allowed. */
const unknown = (
  text: string,
  key: string,
  place: (name: { text: string; column: number }) => Pick<Diagnostic, 'at' | 'width'>,
): Diagnostic[] => {
  const guess = nearest(key, directiveNames)
  if (guess === undefined || (!key.startsWith('client') && key.length < 6)) return []
  const column = text.toLowerCase().indexOf(key) + 1
  return [
    {
      code: 'unknown-directive',
      severity: 'info',
      ...place({ text: text.slice(column - 1, column - 1 + key.length), column }),
      message: `wgq knows no comment of this name`,
      hint: `write ${guess} if it is meant for wgq`,
    },
  ]
}
