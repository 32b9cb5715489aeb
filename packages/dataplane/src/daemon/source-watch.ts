// SPDX-License-Identifier: MIT
import type { NativeNetlinkSocket, NetlinkSocketOptions } from '@wgq/native/raw-socket'
import { sourceAddress, sourceInterface } from '../device/endpoint-record.ts'
import { group, isLocal, localQuery, routeInterface, routeQuery } from './link-message.ts'

/** Changes that come within this time are answered together. */
const debounceMs = 20
/** A check that took long is not repeated before so many times its duration: a router changes routes without end. */
const restFactor = 20

const routeProtocol = 0

/**
 * Watches addresses and routes of the namespace our UDP sockets live in, and asks for learned sources to be checked when
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
  private readonly onChange: (watch: SourceWatch) => Promise<void>

  /** `onChange` is called when something changed, never twice at a time. */
  constructor(
    openSocket: (options: NetlinkSocketOptions) => NativeNetlinkSocket,
    onChange: (watch: SourceWatch) => Promise<void>,
  ) {
    const groups = group.ip4Address | group.ip4Route | group.ip6Address | group.ip6Route
    this.onChange = onChange
    this.watched = openSocket({ protocol: routeProtocol, groups })
    this.queries = openSocket({ protocol: routeProtocol })
    this.watched.watch(() => {
      this.skipAll()
      this.changed = true
      this.arm()
    })
  }

  /** Whether the learned source of an endpoint record must be forgotten: its address is gone, or the route to the peer
   *  now leaves through another interface than the one it was learned on. */
  isStale(record: Uint8Array, mark: number): boolean {
    const source = sourceAddress(record)
    if (!source) return false
    const destination = Buffer.from(record.subarray(8, record[0] === 4 ? 12 : 24))
    if (destination.length !== source.length) return true
    // A link-local source is bound to its interface by the scope of the endpoint.
    if (destination[0] === 0xfe && ((destination[1] as number) & 0xc0) === 0x80) return false
    try {
      // With net.ipv*.ip_nonlocal_bind the kernel sends from an address that nobody has.
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

  close(): void {
    this.closed = true
    clearTimeout(this.timer)
    this.watched.close()
    this.queries.close()
  }

  private arm(): void {
    if (!this.changed || this.checking || this.timer || this.closed) return
    this.timer = setTimeout(() => this.check(), Math.max(debounceMs, this.restUntilMs - performance.now()))
  }

  private async check(): Promise<void> {
    const from = performance.now()
    this.timer = undefined
    // What changes from here on asks for another check.
    this.changed = false
    this.checking = true
    await this.onChange(this)
    this.checking = false
    const now = performance.now()
    this.restUntilMs = now + (now - from) * restFactor
    this.arm()
  }

  private skipAll(): void {
    for (;;) {
      try {
        if (!this.watched.receive()) return
      } catch {
        // ENOBUFS: lost news are news too.
      }
    }
  }
}
