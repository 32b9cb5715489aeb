// SPDX-License-Identifier: MIT
import type { NativeNetlinkSocket, NetlinkSocketOptions } from '@wgq/native/raw-socket'
import { group } from './kernel-message.ts'
import {
  type LinkNews,
  type LinkPlace,
  linkQuery,
  nameNetns,
  netnsIdQuery,
  placeQuery,
  readLinkNews,
  readNetnsId,
} from './link-message.ts'

/** State of the TUN, as seen in its namespace. */
export interface LinkState {
  readonly up: boolean
  readonly mtu: number
}

/** What {@link LinkWatch} needs; tests give their own. */
interface LinkWatchDependencies {
  readonly openSocket: (options: NetlinkSocketOptions) => NativeNetlinkSocket
  /** Returns the current name of the TUN (TUNGETIFF); undefined if it no longer exists. */
  readonly currentName: () => string | undefined
  readonly tunFd: number
  /** Calls `act` with a descriptor of the TUN's namespace; raises an error if the system does not report it. */
  readonly withNetns?: <T>(act: (netnsFd: number) => T) => T
  readonly onState: (state: LinkState) => void
  readonly onDeleted: () => void
  /** Called when the link moved where it cannot be followed: its last known state stays. */
  readonly onLost: () => void
}

const routeProtocol = 0
/** Poll interval for a TUN that is down: its namespace may vanish without a message. While it is up, reading fails. */
const lookEveryMs = 500

/**
 * Follows the TUN: up, down, MTU, deletion, even after it was moved to another network namespace (`ip link set NAME
 * netns X`). One socket in our own namespace receives notifications from all of them. They do not name their namespace,
 * so the state itself is always queried. So no namespace is kept alive, and following needs only CAP_NET_ADMIN.
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

  /** Opens the socket and reports the current state. */
  start(): void {
    this.looking = setInterval(() => {
      if (!this.last?.up && this.dependencies.currentName() === undefined) this.deleted()
    }, lookEveryMs).unref()
    this.open({ allNamespaces: true })
    if (!this.find() && this.news) {
      // A TUN that was handed to us may be in another namespace: then listen there, if permitted.
      try {
        this.open({ netns: { tunFd: this.dependencies.tunFd } })
      } catch {
        this.dependencies.onLost()
        return
      }
      if (!this.find()) this.dependencies.onLost()
    }
  }

  /** Whether the TUN is in our own namespace, where it is searched first. */
  get isHere(): boolean {
    return this.place !== undefined && this.place.netnsId === undefined
  }

  /** Index of the TUN in its namespace; undefined if unknown. */
  get index(): number | undefined {
    return this.place?.index
  }

  /** Reads the waiting notifications. The kernel queues them before the call that changed the link returns. */
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

  /** Searches for the TUN in the namespace of the socket, then in the TUN's own. */
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

  /** The id, in our namespace, of the TUN's namespace; assigns one if needed, which also enables its notifications. */
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
        // ENOBUFS: notifications were lost, so query the state.
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

  /** Queries the current state of the TUN; if it has left its place, `movedTo` may be the new one. */
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

  /** Sends a query; the kernel answers within send(). Undefined if there is no such link. */
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
