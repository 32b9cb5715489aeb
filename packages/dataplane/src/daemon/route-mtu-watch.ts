// SPDX-License-Identifier: MIT
import type { NativeNetlinkSocket, NetlinkSocketOptions } from '@wgq/native/raw-socket'
import { group, isLastOfDump } from './kernel-message.ts'
import { type RouteMtu, readRouteMtus, routesQuery } from './route-message.ts'

/** Where the TUN is. */
interface LinkPlaced {
  /** Its index in its current namespace; undefined if unknown. */
  readonly index?: number | undefined
  /** Whether that is our own network namespace. */
  readonly isHere: boolean
}

const routeProtocol = 0
/** Maximum number of remembered routes with an MTU. */
const mostRoutes = 4096

/**
 * Follows the MTUs set on routes through the TUN, even after it was moved to another network namespace: there it sees
 * only later changes, because listing routes there needs more than CAP_NET_ADMIN.
 */
export class RouteMtuWatch {
  private readonly openSocket: (options: NetlinkSocketOptions) => NativeNetlinkSocket
  private readonly news: NativeNetlinkSocket
  private readonly link: LinkPlaced
  private readonly onChange: (ascending: readonly number[]) => void
  private readonly routes = new Map<string, number>()
  private last = ''

  /** `onChange` gets the distinct MTUs, ascending. */
  constructor(
    openSocket: (options: NetlinkSocketOptions) => NativeNetlinkSocket,
    link: LinkPlaced,
    onChange: (ascending: readonly number[]) => void,
  ) {
    this.openSocket = openSocket
    this.link = link
    this.onChange = onChange
    const groups = group.ip4Route | group.ip6Route
    this.news = openSocket({
      protocol: routeProtocol,
      groups,
      allNamespaces: true,
      onlyRoutesWithMetrics: true,
    })
    this.list()
    this.news.watch(() => this.hear())
  }

  close(): void {
    this.news.close()
  }

  private hear(): void {
    for (;;) {
      try {
        const datagram = this.news.receive()
        if (!datagram) break
        for (const route of readRouteMtus(datagram)) this.note(route)
      } catch {
        // ENOBUFS: notifications were lost.
        this.list()
      }
    }
    this.report()
  }

  /** Lists all of them, if possible. */
  private list(): void {
    const { index, isHere } = this.link
    if (index === undefined || !isHere) return
    this.routes.clear()
    const socket = this.openSocket({ protocol: routeProtocol })
    try {
      for (const family of [4, 6] as const) {
        socket.send(routesQuery(family, index))
        for (let part = socket.receive(); part; part = isLastOfDump(part) ? undefined : socket.receive())
          for (const route of readRouteMtus(part)) this.note(route)
      }
    } catch {
      // Later notifications still work.
    } finally {
      socket.close()
    }
    this.report()
  }

  private note({ route, index, mtu }: RouteMtu): void {
    if (index !== this.link.index) return
    if (mtu === undefined) this.routes.delete(route)
    else if (this.routes.size < mostRoutes) this.routes.set(route, mtu)
  }

  private report(): void {
    const ascending = [...new Set(this.routes.values())].sort((a, b) => a - b)
    if (ascending.join() === this.last) return
    this.last = ascending.join()
    this.onChange(ascending)
  }
}
