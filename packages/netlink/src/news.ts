// SPDX-License-Identifier: MIT
import { openNetlinkSocket } from '@wgq/native/raw-socket'
import { littleEndian } from './byte-order.ts'

/** The interface whose changes are reported separately. */
export interface OwnLink {
  readonly name: string
  readonly index: number
}

/** NETLINK_ROUTE with RTMGRP_LINK, _IPV4_IFADDR, _IPV4_ROUTE, _IPV4_RULE, _IPV6_IFADDR, _IPV6_ROUTE and _IPV6_RULE. */
const network = { protocol: 0, groups: 0x1 | 0x10 | 0x40 | 0x80 | 0x100 | 0x400 | 0x40000 }
/** NETLINK_NETFILTER with NFNLGRP_NFTABLES. */
const firewall = { protocol: 12, groups: 1 << 6 }

/**
 * Calls `onNews` for each burst of changes that the kernel reports in this process's namespace: links, addresses,
 * routes and rules (`ip monitor`) and nftables (`nft monitor`). `ours` means that one of them may concern the given
 * interface; lost messages count as such. A kernel without nftables reports only the network. Raises an error with
 * `code` if the kernel's messages cannot be received.
 */
export const watchNews = (own: OwnLink, onNews: (ours: boolean) => void): { close(): void } => {
  const listen = (isOurs: (datagram: Uint8Array) => boolean, where: typeof network) => {
    const socket = openNetlinkSocket(where)
    socket.watch(() => {
      let ours = false
      for (;;) {
        try {
          const datagram = socket.receive()
          if (datagram === undefined) break
          ours ||= isOurs(datagram)
        } catch (error) {
          // ENOBUFS: some were dropped, and the rest is still there.
          if ((error as NodeJS.ErrnoException).code !== 'ENOBUFS') break
          ours = true
        }
      }
      onNews(ours)
    })
    return socket
  }
  const sockets = [listen((datagram) => isAboutLink(datagram, own.index), network)]
  try {
    // The name of a table contains that of its interface.
    sockets.push(listen((datagram) => Buffer.from(datagram).includes(own.name), firewall))
  } catch {
    // The kernel has no nftables.
  }
  return {
    close: () => {
      for (const socket of sockets) {
        socket.watch(undefined)
        socket.close()
      }
    },
  }
}

const headerBytes = 16
/** RTA_OIF. */
const outputLink = 4
const routeBytes = 12

/**
 * Returns whether an rtnetlink datagram concerns a link, its routes or addresses, or policy rules and default routes,
 * which concern all links.
 */
export const isAboutLink = (datagram: Uint8Array, index: number): boolean => {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength)
  for (let start = 0; start + headerBytes <= view.byteLength; ) {
    const length = view.getUint32(start, littleEndian)
    if (length < headerBytes || start + length > view.byteLength) return true
    // RTM_NEWLINK is 16; each object has four numbers: new, delete, get, set.
    const object = view.getUint16(start + 4, littleEndian) >> 2
    const body = start + headerBytes
    const end = start + length
    if (object === 8) return true
    const hasIndex = (object === 4 || object === 5) && body + 8 <= end
    if (hasIndex && view.getInt32(body + 4, littleEndian) === index) return true
    const isDefault = object === 6 && body + 2 <= end && view.getUint8(body + 1) === 0
    if (isDefault || (object === 6 && leavesThrough(view, body + routeBytes, end, index))) return true
    start += (length + 3) & ~3
  }
  return false
}

const leavesThrough = (view: DataView, first: number, end: number, index: number): boolean => {
  for (let at = first; at + 4 <= end; ) {
    const length = view.getUint16(at, littleEndian)
    if (length < 4) return true
    const isOutput = view.getUint16(at + 2, littleEndian) === outputLink && at + 8 <= end
    if (isOutput && view.getInt32(at + 4, littleEndian) === index) return true
    at += (length + 3) & ~3
  }
  return false
}
