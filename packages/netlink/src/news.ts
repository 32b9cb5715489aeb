// SPDX-License-Identifier: MIT
import { openNetlinkSocket } from '@wgq/native/raw-socket'

/** What changed: links, addresses, routes or rules (`ip monitor`), or nftables (`nft monitor`). */
type News = 'network' | 'firewall'

/** NETLINK_ROUTE with RTMGRP_LINK, _IPV4_IFADDR, _IPV4_ROUTE, _IPV4_RULE, _IPV6_IFADDR, _IPV6_ROUTE and _IPV6_RULE. */
const network = { protocol: 0, groups: 0x1 | 0x10 | 0x40 | 0x80 | 0x100 | 0x400 | 0x40000 }
/** NETLINK_NETFILTER with NFNLGRP_NFTABLES. */
const firewall = { protocol: 12, groups: 1 << 6 }

/**
 * Calls `onNews` for each burst of changes that the kernel tells of, in the namespace of this process; messages that were
 * lost are news too. A kernel without nftables tells of the network alone. Raises an error with `code` where the kernel
 * cannot be listened to.
 */
export const watchNews = (onNews: (news: News) => void): { close(): void } => {
  const listen = (news: News, where: typeof network) => {
    const socket = openNetlinkSocket(where)
    socket.watch(() => {
      for (;;) {
        try {
          if (socket.receive() === undefined) break
        } catch (error) {
          // ENOBUFS: some were dropped, and the rest is still there.
          if ((error as NodeJS.ErrnoException).code !== 'ENOBUFS') break
        }
      }
      onNews(news)
    })
    return socket
  }
  const sockets = [listen('network', network)]
  try {
    sockets.push(listen('firewall', firewall))
  } catch {
    // nftables is not there.
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
