// SPDX-License-Identifier: MIT

import { isWgqError } from '@wgq/model/error'
import type { Link } from '@wgq/model/host'
import { addressType, type ObservedAddress, readAddress } from './address.ts'
import { linkType, readLink } from './link.ts'
import { type Message, messagesOf } from './message-reader.ts'
import { openSocket } from './open-socket.ts'
import { netlinkRoute } from './protocol.ts'
import type { RawSocket, RawSocketOptions } from './raw-socket.ts'
import { type ObservedRoute, readRoute, routeType } from './route.ts'
import { type NumberedRule, readRule, ruleType } from './rule.ts'

/** A change of the host's network, as the kernel tells it. `gone` says that it was removed, else it is new or changed. */
export type NetworkEvent =
  | { readonly what: 'link'; readonly gone: boolean; readonly link: Link }
  | { readonly what: 'address'; readonly gone: boolean; readonly address: ObservedAddress }
  | { readonly what: 'route'; readonly gone: boolean; readonly route: ObservedRoute }
  | { readonly what: 'rule'; readonly gone: boolean; readonly rule: NumberedRule }
  /** The kernel dropped events, because they were not read fast enough: observe the host again. */
  | { readonly what: 'lost' }

/** RTMGRP_LINK, IPV4_IFADDR, IPV4_ROUTE, IPV4_RULE, IPV6_IFADDR, IPV6_ROUTE, IPV6_RULE. */
const groups = 0x1 | 0x10 | 0x40 | 0x80 | 0x100 | 0x400 | 0x4_0000

/**
 * `ip monitor link address route rule`: calls `listener` for every change from now on, until the returned function is
 * called. Raises `E_NO_ADDON` where only npm `netlink` is there: its process aborts when events come faster than they are
 * read.
 */
export const watchNetwork = (
  listener: (event: NetworkEvent) => void,
  options: { netnsPath?: string; open?: (options: RawSocketOptions) => RawSocket } = {},
): (() => void) => {
  const socket = (options.open ?? openSocket)({
    protocol: netlinkRoute,
    groups,
    ...(options.netnsPath === undefined ? {} : { netnsPath: options.netnsPath }),
  })
  socket.listen((datagram, error) => {
    if (!datagram) {
      if (!isWgqError(error) || error.errno !== 'ENOBUFS') throw error
      listener({ what: 'lost' })
      return
    }
    for (const message of messagesOf(datagram)) {
      const event = eventOf(message)
      if (event) listener(event)
    }
  })
  return () => socket.close()
}

const eventOf = (message: Message): NetworkEvent | undefined => {
  switch (message.type) {
    case linkType.new:
    case linkType.delete:
      return { what: 'link', gone: message.type === linkType.delete, link: readLink(message) }
    case addressType.new:
    case addressType.delete: {
      const address = readAddress(message)
      return address && { what: 'address', gone: message.type === addressType.delete, address }
    }
    case routeType.new:
    case routeType.delete: {
      const route = readRoute(message)
      return route && { what: 'route', gone: message.type === routeType.delete, route }
    }
    case ruleType.new:
    case ruleType.delete: {
      const rule = readRule(message)
      return rule && { what: 'rule', gone: message.type === ruleType.delete, rule }
    }
    default:
      return undefined
  }
}
