// SPDX-License-Identifier: MIT
import { monotonicMs } from '@wgq/model/monotonic'
import type { NativeNetlinkSocket, NetlinkSocketOptions } from '@wgq/native/raw-socket'
import {
  hasSource,
  peerAddress,
  routedAddresses,
  sourceInterface,
  withSource,
} from '../device/endpoint-record.ts'
import { group, typeOf } from './kernel-message.ts'
import { isLocal, localQuery, routeInterface, routeQuery } from './route-message.ts'
import { SourceChoice } from './source-choice.ts'

/** After a check, wait this many times its duration before the next one: a router changes routes constantly. */
const restFactor = 20

const routeProtocol = 0

/** RTM_NEWLINK, RTM_DELLINK, RTM_NEWRULE, RTM_DELRULE, RTM_NEWNEXTHOP, RTM_DELNEXTHOP: they move no learned source by
 *  themselves, but a choice is made anew. A link that goes down takes its IPv4 routes with it and reports only itself, and
 *  so does a nexthop object that is deleted. */
const onlyForChoices: ReadonlySet<number> = new Set([16, 17, 32, 33, 104, 105])

/**
 * Watches addresses and routes of the namespace of our UDP sockets, and requests a check of learned sources when
 * something changed (spec protocol §10 (b)).
 */
export class SourceWatch {
  private readonly watched: NativeNetlinkSocket
  private readonly queries: NativeNetlinkSocket
  private timer: NodeJS.Timeout | undefined
  private restUntilMs = 0
  private changed = false
  private checking = false
  private closed = false
  private readonly choice: SourceChoice
  private readonly onChange: (watch: SourceWatch) => Promise<void>

  /** Calls `onChange` when something changed, never concurrently. `ownIndex` returns the tunnel's index in our
   *  namespace; undefined if it is elsewhere. */
  constructor(
    openSocket: (options: NetlinkSocketOptions) => NativeNetlinkSocket,
    onChange: (watch: SourceWatch) => Promise<void>,
    ownIndex: () => number | undefined = () => undefined,
  ) {
    const { link, ip4Address, ip4Route, ip4Rule, ip6Address, ip6Route, ip6Rule, nexthop } = group
    // A sum, because | makes the last bit negative.
    const groups = link + ip4Address + ip4Route + ip4Rule + ip6Address + ip6Route + ip6Rule + nexthop
    this.onChange = onChange
    this.watched = openSocket({ protocol: routeProtocol, groups })
    this.queries = openSocket({ protocol: routeProtocol })
    this.choice = new SourceChoice(this.queries, ownIndex)
    this.watched.watch(() => {
      this.skipAll()
      this.arm()
    })
  }

  /** Whether the learned source of an endpoint record must be forgotten: its address is gone, or the route to the peer
   *  now leaves through another interface than the one it was learned on. */
  isStale(record: Uint8Array, mark: number): boolean {
    const addresses = routedAddresses(record)
    if (!addresses) return false
    if (addresses === 'wrong') return true
    const { source, destination } = addresses
    try {
      // With net.ipv*.ip_nonlocal_bind the kernel sends from an address that is not local.
      this.queries.send(localQuery(source))
      const owner = this.queries.receive()
      if (owner === undefined || !isLocal(owner)) return true
      this.queries.send(routeQuery(destination, source, mark))
      const answer = this.queries.receive()
      return answer === undefined || routeInterface(answer) !== sourceInterface(record)
    } catch {
      return true
    }
  }

  /** The record with the source to send from, if the system would use one of the tunnel's own; undefined if it would
   *  not, 'none' if there is no other. The kernel is asked once until something changes, or if it is to be asked again. */
  withFitSource(record: Uint8Array, mark: number, again = false): Uint8Array | 'none' | undefined {
    if (hasSource(record)) return undefined
    this.skipAll()
    // The event loop does not report any more what was read here. Not at once: the caller is busy with a peer.
    this.arm('later')
    if (again) this.choice.forget()
    try {
      const chosen = this.choice.choose(peerAddress(record), mark)
      return chosen === undefined || chosen === 'none'
        ? chosen
        : withSource(record, chosen.address, chosen.index)
    } catch {
      return undefined
    }
  }

  close(): void {
    this.closed = true
    clearTimeout(this.timer)
    this.watched.close()
    this.queries.close()
  }

  private arm(when?: 'later'): void {
    if (!this.changed || this.checking || this.timer || this.closed) return
    const waitMs = Math.max(0, this.restUntilMs - monotonicMs())
    if (waitMs === 0 && when !== 'later') this.check()
    else this.timer = setTimeout(() => this.check(), waitMs)
  }

  private async check(): Promise<void> {
    const from = monotonicMs()
    this.timer = undefined
    // Changes from here on trigger another check.
    this.changed = false
    this.checking = true
    await this.onChange(this)
    this.checking = false
    const now = monotonicMs()
    this.restUntilMs = now + (now - from) * restFactor
    this.arm()
  }

  private skipAll(): void {
    for (;;) {
      try {
        const datagram = this.watched.receive()
        if (!datagram) return
        this.choice.forget()
        // Read only if it matters: a router's routes change all the time.
        this.changed ||= !onlyForChoices.has(typeOf(datagram))
      } catch {
        this.changed = true
        this.choice.forget()
        // ENOBUFS: lost notifications count as a change.
      }
    }
  }
}
