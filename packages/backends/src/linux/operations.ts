// SPDX-License-Identifier: MIT
import { parseIp } from '@wgq/model/ip'
import type { IfName, Op } from '@wgq/model/operation'
import { changeAddress } from '@wgq/netlink/address'
import type { BatchRequest } from '@wgq/netlink/exchange'
import { addLink, deleteLink, lowerLink, moveLink, raiseLink } from '@wgq/netlink/link'
import { addRoute, changeFloor, deleteRoute, mainTable, type NumberedRoute } from '@wgq/netlink/route'
import { addRule, deleteRule } from '@wgq/netlink/rule'
import { readMtu, readPrefix, readTable, tableComplaint } from './ip-argument.ts'
import { openNamespace } from './namespace.ts'

/** Operations that netlink carries out. */
export type NetlinkOp = Extract<
  Op,
  {
    do:
      | 'link.add'
      | 'link.delete'
      | 'link.move'
      | 'link.up'
      | 'link.down'
      | 'address.add'
      | 'address.delete'
      | 'route.add'
      | 'route.delete'
      | 'floor.add'
      | 'floor.delete'
      | 'rule.add'
      | 'rule.delete'
  }
>

/** What the conversion of an operation to a message needs. */
interface OperationContext {
  /** Index of an interface. */
  readonly indexOf: (name: IfName) => number
  readonly tableNames: () => ReadonlyMap<string, number>
  /** RTPROT_ number of our routes and rules. */
  readonly protocol: number
}

/** RTPROT_BOOT: what `ip` writes. A rule has no protocol then. */
export const bootProtocol = 3

/** The interface that an operation changes, if it must exist already. */
export const deviceOf = (op: NetlinkOp): IfName | undefined =>
  op.do === 'link.delete' || op.do === 'link.move' ? op.name : 'dev' in op ? op.dev : undefined

/** The message for an operation. Raises `E_HOST` with ip's words when an argument is wrong. */
export const requestOf = (op: NetlinkOp, context: OperationContext): BatchRequest => {
  switch (op.do) {
    case 'link.add':
      return addLink(op.name, 'wireguard')
    case 'link.delete':
      return deleteLink(context.indexOf(op.name))
    case 'link.move':
      // The descriptor must stay open until the message is sent; it is closed when the process ends.
      return moveLink(context.indexOf(op.name), openNamespace(op.netns))
    case 'link.down':
      return lowerLink(context.indexOf(op.dev))
    case 'link.up': {
      const mtu = readMtu(op.mtu)
      return raiseLink(context.indexOf(op.dev), mtu)
    }
    case 'address.add':
    case 'address.delete': {
      const prefix = readPrefix(op.address, op.family)
      const index = context.indexOf(op.dev)
      return changeAddress(op.do === 'address.add' ? 'new' : 'delete', { index, ...prefix })
    }
    case 'route.add':
      return addRoute(routeOf(op, context), context.protocol)
    case 'route.delete':
      return deleteRoute(routeOf(op, context))
    case 'floor.add':
    case 'floor.delete':
      return changeFloor(op.do === 'floor.add' ? 'new' : 'delete', op, context.protocol)
    case 'rule.add':
    case 'rule.delete': {
      const rule = { ...op.rule, table: readTable(op.rule.table, context.tableNames, tableComplaint.rule) }
      if (op.do === 'rule.delete') return deleteRule(rule)
      return addRule(rule, context.protocol === bootProtocol ? 0 : context.protocol)
    }
  }
}

/** The inverse of an operation; only invertible operations are batched. */
export const inverseOf = (op: NetlinkOp): NetlinkOp | undefined => {
  switch (op.do) {
    case 'address.add':
      return { ...op, do: 'address.delete' }
    case 'address.delete':
      return { ...op, do: 'address.add' }
    case 'route.add':
      return { ...op, do: 'route.delete' }
    case 'route.delete':
      return { ...op, do: 'route.add' }
    default:
      return undefined
  }
}

const routeOf = (
  op: Extract<NetlinkOp, { do: 'route.add' | 'route.delete' }>,
  context: OperationContext,
): NumberedRoute => {
  const table =
    op.table === undefined ? mainTable : readTable(op.table, context.tableNames, tableComplaint.route)
  return {
    index: context.indexOf(op.dev),
    // The address of a Cidr was parsed before.
    destination: parseIp(op.dst.address) as Uint8Array,
    prefixLength: op.dst.prefixLength,
    table,
    ...('metric' in op && op.metric !== undefined ? { metric: op.metric } : {}),
    ...('protocol' in op && op.protocol !== undefined ? { protocol: op.protocol } : {}),
  }
}
