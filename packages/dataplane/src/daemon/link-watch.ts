// SPDX-License-Identifier: MIT
import type { NativeNetlinkSocket, NetlinkSocketOptions } from '@wgq/native/raw-socket'
import {
  group,
  type LinkNews,
  type LinkPlace,
  linkQuery,
  nameNetns,
  netnsIdQuery,
  placeQuery,
  readLinkNews,
  readNetnsId,
} from './link-message.ts'

/** State of the TUN as its namespace shows it. */
export interface LinkState {
  readonly up: boolean
  readonly mtu: number
}

/** What {@link LinkWatch} needs; tests give their own. */
interface LinkWatchDependencies {
  readonly openSocket: (options: NetlinkSocketOptions) => NativeNetlinkSocket
  /** Name of the TUN now (TUNGETIFF); undefined when it no longer exists. */
  readonly currentName: () => string | undefined
  readonly tunFd: number
  /** Calls back with a descriptor of the namespace that the TUN is in; raises an error where the system does not tell. */
  readonly withNetns?: <T>(act: (netnsFd: number) => T) => T
  readonly onState: (state: LinkState) => void
  readonly onDeleted: () => void
  /** The link went where it cannot be followed: its last known state stays. */
  readonly onLost: () => void
}

const routeProtocol = 0
/** How often a TUN that is down is looked for: its namespace may vanish without a message. While it is up, its descriptor tells. */
const lookEveryMs = 500

/**
 * Follows the TUN: up, down, MTU, deletion, also after it was moved to another network namespace (`ip link set NAME netns
 * X`). One socket in our own namespace hears the news of all; the state itself is always asked for, because news do not
 * say which namespace they are from. So no namespace is kept alive, and following takes no more than CAP_NET_ADMIN.
 */
export class LinkWatch {
  private readonly dependencies: LinkWatchDependencies
  private news: NativeNetlinkSocket | undefined
  private queries: NativeNetlinkSocket | undefined
  private place: LinkPlace | undefined
  private last: LinkState | undefined
  private looking: NodeJS.Timeout | undefined

  constructor(dependencies: LinkWatchDependencies) {
    this.dependencies = dependencies
  }

  /** Opens the socket and reports the state of now. */
  start(): void {
    this.looking = setInterval(() => {
      if (!this.last?.up && this.dependencies.currentName() === undefined) this.deleted()
    }, lookEveryMs).unref()
    this.open({ allNamespaces: true })
    if (!this.find() && this.news) {
      // A TUN that was handed to us may live elsewhere: then listen there, if we may.
      try {
        this.open({ netns: { tunFd: this.dependencies.tunFd } })
      } catch {
        this.dependencies.onLost()
        return
      }
      if (!this.find()) this.dependencies.onLost()
    }
  }

  /** Whether the TUN is in the namespace it was looked for first, our own. */
  get isHere(): boolean {
    return this.place !== undefined && this.place.netnsId === undefined
  }

  /** Index of the TUN where it is; undefined when that is unknown. */
  get index(): number | undefined {
    return this.place?.index
  }

  /** Reads the news that wait. The kernel has queued them when a change of a link returns to whoever made it. */
  refresh(): void {
    if (this.news) this.hear(this.news)
  }

  /** Stops watching. */
  close(): void {
    clearInterval(this.looking)
    this.closeSockets()
  }

  // --- internal ---

  private closeSockets(): void {
    this.news?.close()
    this.queries?.close()
    this.news = undefined
    this.queries = undefined
  }

  private open(where: Partial<NetlinkSocketOptions>): void {
    this.closeSockets()
    const news = this.dependencies.openSocket({ protocol: routeProtocol, groups: group.link, ...where })
    this.news = news
    this.queries = this.dependencies.openSocket({ protocol: routeProtocol, ...where })
    news.watch(() => this.hear(news))
  }

  /** Looks for the TUN in the namespace of the socket, then in its own. */
  private find(): boolean {
    const name = this.dependencies.currentName()
    if (name === undefined) {
      this.deleted()
      return false
    }
    const here = this.ask(linkQuery(name))
    const netnsId = here ? undefined : this.netnsId()
    const answer = here ?? (netnsId === undefined ? undefined : this.ask(linkQuery(name, netnsId)))
    if (!answer) return false
    this.place = { netnsId, index: answer.index }
    this.report(answer)
    return true
  }

  /** The id, in our namespace, of the one that the TUN is in: given to it now if it has none. Then its news are heard, too. */
  private netnsId(): number | undefined {
    const { queries } = this
    try {
      return this.dependencies.withNetns?.((fd) => {
        queries?.send(nameNetns(fd))
        queries?.receive()
        queries?.send(netnsIdQuery(fd))
        const answer = queries?.receive()
        return answer && readNetnsId(answer)
      })
    } catch {
      return undefined
    }
  }

  private hear(socket: NativeNetlinkSocket): void {
    while (this.news === socket) {
      let datagram: Uint8Array | undefined
      try {
        datagram = socket.receive()
      } catch {
        // ENOBUFS: news were lost, so look.
        this.look(undefined)
        continue
      }
      if (!datagram) return
      for (const news of readLinkNews(datagram)) this.consider(news)
    }
  }

  private consider(news: LinkNews): void {
    if (news.index !== this.place?.index) return
    this.look(news.kind === 'deleted' ? news.movedTo : undefined)
  }

  /** Asks how the TUN is now; where it is gone from its place, `movedTo` may say where it went. */
  private look(movedTo: LinkPlace | undefined): void {
    const here = this.place && this.ask(placeQuery(this.place))
    if (here) this.report(here)
    else if (this.dependencies.currentName() === undefined) this.deleted()
    else {
      const there = movedTo && this.ask(placeQuery(movedTo))
      if (there) {
        this.place = movedTo
        this.report(there)
      } else if (!this.find()) this.dependencies.onLost()
    }
  }

  /** Sends a query; the kernel answers within send(). Undefined when there is no such link. */
  private ask(query: Buffer): (LinkNews & { kind: 'link' }) | undefined {
    this.queries?.send(query)
    const answer = this.queries?.receive()
    const [news] = answer ? readLinkNews(answer) : []
    return news?.kind === 'link' ? news : undefined
  }

  private deleted(): void {
    this.close()
    this.dependencies.onDeleted()
  }

  private report(state: LinkState): void {
    if (this.last?.up === state.up && this.last.mtu === state.mtu) return
    this.last = { up: state.up, mtu: state.mtu }
    this.dependencies.onState(this.last)
  }
}
