// SPDX-License-Identifier: MIT
import type { Journal } from './journal-record.ts'

/**
 * Says whether a value read from a file can be a journal: every field has its type, and all inverses are ones that our
 * own runs write. Root carries them out, so the file is checked like any other input.
 */
export const isSoundJournal = (value: unknown): value is Journal => {
  if (!isRecord(value)) return false
  const { linkIndex, undo, owner, hooks, options, configured } = value
  return (
    value['version'] === 1 &&
    isName(value['interface']) &&
    typeof value['config'] === 'string' &&
    Number.isSafeInteger(value['netns']) &&
    optional(value['boot'], isText) &&
    optional(value['into'], isNetns) &&
    optional(value['daemon'], isText) &&
    (value['state'] === 'starting' || value['state'] === 'up' || value['state'] === 'stopping') &&
    isRecord(owner) &&
    Number.isSafeInteger(owner['pid']) &&
    (owner['pid'] as number) > 0 &&
    isText(owner['started']) &&
    optional(linkIndex, isCount) &&
    optional(value['mark'], isCount) &&
    optional(value['without'], isTexts) &&
    optional(value['told'], isTexts) &&
    optional(options, isRecord) &&
    optional(hooks, (one) => isRecord(one) && isTexts(one['preDown']) && isTexts(one['postDown'])) &&
    optional(configured, isConfigured) &&
    optional(value['gateway'], isGateway) &&
    Array.isArray(undo) &&
    undo.every(isSoundInverse)
  )
}

type Check = (value: unknown) => boolean

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const optional = (value: unknown, check: Check): boolean => value === undefined || check(value)
const isText: Check = (value) => typeof value === 'string'
const isTexts: Check = (value) => Array.isArray(value) && value.every(isText)
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const matches =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value)

/** Not `.` or `..`, which would be directories in a path. */
const isName = matches(/^(?!\.{1,2}$)[a-zA-Z0-9_=+.-]{1,15}$/)
const isNetns = matches(/^(?!\.{1,2}$)[^/\0]{1,255}$/)
const isFamily: Check = (value) => value === 4 || value === 6
const isTable: Check = (value) => isCount(value) || matches(/^[^\0\n]{1,64}$/)(value)
const isAddress = matches(/^[0-9a-fA-F:.]{1,45}(\/[0-9]{1,3})?$/)
/** An address as the file gives it: ip takes dotted masks and hexadecimal numbers too. */
const isGivenAddress = matches(/^[0-9a-fA-FxX:.]{1,45}(\/[0-9a-fA-FxX.]{1,45})?$/)
const isPlainAddress = matches(/^[0-9a-fA-F:.]{1,45}$/)
const isDestination: Check = (value) =>
  isRecord(value) &&
  isFamily(value['family']) &&
  isAddress(value['address']) &&
  isCount(value['prefixLength'])

const isConfigured: Check = (value) =>
  isRecord(value) &&
  isRecord(value['endpoints']) &&
  Object.values(value['endpoints']).every(isText) &&
  optional(value['names'], (names) => isRecord(names) && Object.values(names).every(isPlainAddress)) &&
  optional(value['listenPort'], isCount) &&
  optional(value['fwmark'], isCount) &&
  optional(value['presharedKeys'], isTexts) &&
  optional(value['hooks'], isText)

/** `auto`, or the name of an uplink as the file may give it. */
const isUplink = matches(/^[^\s/"'\\{};#\0]{1,15}$/)
const isGateway: Check = (value) =>
  isRecord(value) &&
  typeof value['inward'] === 'boolean' &&
  optional(value['masquerade'], isUplink) &&
  Array.isArray(value['networks']) &&
  value['networks'].every(isAddress)

const isRule: Check = (value) =>
  isRecord(value) &&
  isFamily(value['family']) &&
  isTable(value['table']) &&
  ['notFwmark', 'fwmark', 'suppressPrefixLength', 'preference', 'protocol'].every((key) =>
    optional(value[key], isCount),
  ) &&
  optional(value['selectors'], isException)

/** The selector of an exception: a network, or a user. */
const isException: Check = (value) =>
  isRecord(value) &&
  Object.keys(value).length === 1 &&
  (isDestination(value['to']) ||
    (Array.isArray(value['uidRange']) && value['uidRange'].length === 2 && value['uidRange'].every(isCount)))

/** The kernel settings that a tunnel changes (some contain the interface's own name), and their values. */
const isSysctl = matches(
  /^(?!.*\/\.{1,2}\/)(net\.ipv4\.conf\.all\.src_valid_mark|net\.ipv4\.ip_forward|net\.ipv6\.conf\.all\.forwarding|net\/ipv4\/conf\/[a-zA-Z0-9_=+.-]{1,15}\/promote_secondaries)$/,
)
/** The settings that the last gateway restores. */
const isForwarding = matches(
  /^(net\.ipv4\.ip_forward|net\.ipv6\.conf\.all\.forwarding|net\/ipv6\/conf\/(?!\.{1,2}\/)[^/\0]{1,15}\/accept_ra)$/,
)
const isSysctlValue = matches(/^[0-9]{1,10}$/)

const isManager = matches(
  /^(resolvconf(:[A-Za-z0-9-]*\.?)?|resolvectl|resolvd|file:\/etc\/(?:netns\/(?!\.{1,2}\/)[^/\0]+\/)?resolv\.conf)$/,
)

const soundInverses: Readonly<Record<string, (op: Record<string, unknown>) => boolean>> = {
  'link.delete': (op) => isName(op['name']),
  'address.delete': (op) => isName(op['dev']) && isFamily(op['family']) && isGivenAddress(op['address']),
  'route.delete': (op) => isName(op['dev']) && isDestination(op['dst']) && optional(op['table'], isTable),
  'floor.delete': (op) => isFamily(op['family']) && isCount(op['table']),
  'rule.delete': (op) => isRule(op['rule']),
  'sysctl.set': (op) => isSysctl(op['key']) && isSysctlValue(op['value']),
  'dns.unset': (op) => isName(op['dev']) && isManager(op['manager']),
  'firewall.unload': (op) =>
    op['text'] === '' && matches(/^(nft|iptables-restore|ip6tables-restore)$/)(op['tool']),
  'killswitch.off': (op) => isName(op['dev']),
  'aside.off': (op) => isName(op['dev']),
  'gateway.off': (op) => isName(op['dev']),
  'forwarding.unset': (op) => isForwarding(op['key']) && isSysctlValue(op['value']),
}

const isSoundInverse: Check = (op) =>
  isRecord(op) && typeof op['do'] === 'string' && (soundInverses[op['do']]?.(op) ?? false)
