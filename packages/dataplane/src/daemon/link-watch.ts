// SPDX-License-Identifier: MIT
import type { NativeNetlinkSocket, NetlinkSocketOptions } from '@wgq/native/raw-socket'
import { group, linkQuery, readLinkNews } from './link-message.ts'

/** State of the TUN as its namespace shows it. */
export interface LinkState {
  readonly up: boolean
  readonly mtu: number
}

/** What {@link LinkWatch} needs; tests give their own. */
export interface LinkWatchEdges {
  readonly openSocket: (options: NetlinkSocketOptions) => NativeNetlinkSocket
  /** Name of the TUN now (TUNGETIFF); undefined when it no longer exists. */
  readonly currentName: () => string | undefined
  readonly tunFd: number
  readonly onState: (state: LinkState) => void
  readonly onDeleted: () => void
}

const routeProtocol = 0

/**
 * Follows the TUN: up, down, MTU, deletion, also after it was moved to another network namespace (`ip link set NAME netns
 * X`): the descriptor lives on while the link vanishes here, and a new socket is opened where it is now.
 */
export class LinkWatch {
  private readonly edges: LinkWatchEdges
  private socket: NativeNetlinkSocket | undefined
  private index: number | undefined
  private last: LinkState | undefined

  constructor(edges: LinkWatchEdges) {
    this.edges = edges
  }

  /** Opens the socket in the namespace of the TUN and reports the state of now. */
  attach(): void {
    this.close()
    const name = this.edges.currentName()
    if (name === undefined) {
      this.edges.onDeleted()
      return
    }
    const socket = this.edges.openSocket({
      protocol: routeProtocol,
      groups: group.link,
      netns: { tunFd: this.edges.tunFd },
    })
    this.socket = socket
    this.index = undefined
    socket.watch(() => this.read(socket, undefined))
    this.query(socket, name)
  }

  /** Stops watching. */
  close(): void {
    this.socket?.close()
    this.socket = undefined
  }

  // --- internal ---

  /** Asks for the link by name. The kernel answers within send(), so the answer is read at once. */
  private query(socket: NativeNetlinkSocket, name: string): void {
    socket.send(linkQuery(name))
    this.read(socket, name)
  }

  private read(socket: NativeNetlinkSocket, name: string | undefined): void {
    while (this.socket === socket) {
      let datagram: Uint8Array | undefined
      try {
        datagram = socket.receive()
      } catch {
        // ENOBUFS: news were lost, so ask anew.
        const current = this.edges.currentName()
        if (current === undefined) this.edges.onDeleted()
        else socket.send(linkQuery(current))
        continue
      }
      if (!datagram) return
      for (const news of readLinkNews(datagram)) {
        if (news.kind === 'link' && name !== undefined && news.name === name) this.index = news.index
        if (news.index !== this.index) continue
        if (news.kind === 'deleted') {
          this.vanished()
          return
        }
        this.report({ up: news.up, mtu: news.mtu })
      }
    }
  }

  /** The link is gone from here: deleted, or moved to another namespace, where it starts down. */
  private vanished(): void {
    if (this.edges.currentName() === undefined) {
      this.close()
      this.edges.onDeleted()
    } else this.attach()
  }

  private report(state: LinkState): void {
    if (this.last?.up === state.up && this.last.mtu === state.mtu) return
    this.last = state
    this.edges.onState(state)
  }
}
