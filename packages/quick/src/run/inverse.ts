// SPDX-License-Identifier: MIT
import { formatCidr, maskCidr, parseCidr } from '@wgq/model/cidr'
import type { Op, Rule } from '@wgq/model/operation'

/**
 * The inverse of an operation. Undefined if nothing needs undoing, or it cannot be undone (a hook). An interface of a
 * daemon is deleted like one of the kernel: the daemon ends when its TUN is deleted.
 */
export const inverse = (op: Op): Op | undefined => {
  switch (op.do) {
    case 'link.add':
    case 'daemon.start':
      return { do: 'link.delete', name: op.name }
    case 'address.add':
      return { do: 'address.delete', dev: op.dev, family: op.family, address: op.address }
    case 'route.add':
      return { ...op, do: 'route.delete' }
    case 'floor.add':
      return { ...op, do: 'floor.delete' }
    case 'rule.add':
      return { do: 'rule.delete', rule: op.rule }
    case 'sysctl.set':
      return op.previous === undefined
        ? undefined
        : { do: 'sysctl.set', key: op.key, value: op.previous, previous: op.value }
    case 'dns.set':
      return { do: 'dns.unset', dev: op.dev, manager: op.manager }
    case 'killswitch.on':
      return { do: 'killswitch.off', dev: op.dev }
    case 'aside.on':
      return { do: 'aside.off', dev: op.dev }
    case 'gateway.on':
      return { do: 'gateway.off', dev: op.dev }
    case 'forwarding.set':
      return { do: 'forwarding.unset', key: op.key, value: op.previous }
    case 'firewall.load':
      return { do: 'firewall.unload', tool: op.tool, text: '' }
    default:
      return undefined
  }
}

/** The `noted` inverses that remain after `ops`. Deleting an interface removes its addresses and routes. */
export const settles = (ops: readonly Op[], noted: readonly Op[]): readonly Op[] => {
  const done = new Map<string, number>()
  for (const op of ops) {
    const id = idOf(op)
    if (id !== undefined) done.set(id, (done.get(id) ?? 0) + 1)
  }
  if (done.size === 0) return noted
  return noted.filter((op) => {
    const id = idOf(op) as string
    const count = done.get(id) ?? 0
    // A repeated note means that the object was deleted and added again, or (rules) exists twice: each deletion settles
    // one.
    if (count > 0 && !wholes.has(op.do)) done.set(id, count - 1)
    return count === 0 && !('dev' in op && isOnLink(op) && done.has(`link.delete ${op.dev}`))
  })
}

/** These exist once, however often they were set. */
const wholes = new Set<Op['do']>([
  'link.delete',
  'dns.unset',
  'firewall.unload',
  'killswitch.off',
  'aside.off',
  'gateway.off',
  'forwarding.unset',
])

const isOnLink = (op: Op): boolean => op.do === 'address.delete' || op.do === 'route.delete'

/** Drops repeated notes; returns the same list if there are none. */
export const withoutRepeats = (noted: readonly Op[]): readonly Op[] => {
  const once = new Map(noted.map((op) => [idOf(op) ?? JSON.stringify(op), op]))
  return once.size === noted.length ? noted : [...once.values()]
}

/** The same text for an inverse and the operation that carries it out; undefined for operations that undo nothing. */
const idOf = (op: Op): string | undefined => {
  switch (op.do) {
    case 'link.delete':
      return `${op.do} ${op.name}`
    case 'address.delete':
      return `${op.do} ${op.dev} ${canonicalAddress(op.address)}`
    case 'route.delete':
      return `${op.do} ${op.dev} ${formatCidr(maskCidr(op.dst))} ${tableId(op.table)}`
    case 'floor.delete':
      return `${op.do} ${op.family} ${op.table}`
    case 'rule.delete':
      return `${op.do} ${ruleId(op.rule)}`
    case 'sysctl.set':
      return `${op.do} ${op.key}=${op.value}`
    case 'dns.unset':
    case 'killswitch.off':
    case 'aside.off':
    case 'gateway.off':
      return `${op.do} ${op.dev}`
    case 'forwarding.unset':
      return `${op.do} ${op.key}`
    case 'firewall.unload':
      return op.do
    default:
      return undefined
  }
}

const ruleId = ({ family, table, notFwmark, fwmark, suppressPrefixLength, selectors }: Rule): string =>
  [family, tableId(table), notFwmark, fwmark, suppressPrefixLength, JSON.stringify(selectors)].join(' ')

const tableId = (table: number | string | undefined): string =>
  table === undefined || table === 'main' ? '254' : `${table}`

/** The same text for every spelling of an `ADDRESS/LENGTH`. */
export const canonicalAddress = (text: string): string => {
  const cidr = parseCidr(text)
  return cidr ? formatCidr(cidr) : text
}
