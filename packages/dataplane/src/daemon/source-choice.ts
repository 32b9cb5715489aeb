// SPDX-License-Identifier: MIT
import type { NativeNetlinkSocket } from '@wgq/native/raw-socket'
import { addressesQuery, type HostAddress, readAddresses } from './address-message.ts'
import { isLastOfDump } from './kernel-message.ts'
import { preferredSource, routeInterface, routeQuery } from './route-message.ts'

/** A source address and the output interface of the route. */
interface ChosenSource {
  readonly address: Buffer
  readonly index: number
}

/** Most choices that are kept: more peers are asked for again. */
const mostKept = 1024

/**
 * Chooses the source address of packets to a peer where the system would use one of the tunnel's own: a peer that
 * answers to such an address sends into its own tunnel. Queries nothing while the tunnel has no address of the family.
 */
export class SourceChoice {
  private readonly queries: NativeNetlinkSocket
  private readonly ownIndex: () => number | undefined
  private readonly known = new Map<4 | 6, HostAddress[]>()
  /** By mark and destination. */
  private readonly chosen = new Map<string, ChosenSource | 'none' | undefined>()

  /** `ownIndex` returns the tunnel's index in our namespace; undefined if it is elsewhere. */
  constructor(queries: NativeNetlinkSocket, ownIndex: () => number | undefined) {
    this.queries = queries
    this.ownIndex = ownIndex
  }

  /** Forgets what the kernel said, because addresses, routes, nexthops, rules or links changed. */
  forget(): void {
    this.known.clear()
    this.chosen.clear()
  }

  /** Returns the source for `destination`; undefined: the system chooses; 'none': only the tunnel has an address. */
  choose(destination: Buffer, mark: number): ChosenSource | 'none' | undefined {
    const own = this.ownIndex()
    if (own === undefined) return undefined
    const key = `${own} ${mark} ${destination.toString('hex')}`
    if (this.chosen.has(key)) return this.chosen.get(key)
    const source = this.ask(destination, mark, own)
    if (this.chosen.size >= mostKept) this.chosen.clear()
    this.chosen.set(key, source)
    return source
  }

  // --- internal ---

  private ask(destination: Buffer, mark: number, own: number): ChosenSource | 'none' | undefined {
    const addresses = this.addresses(destination.length === 4 ? 4 : 6)
    const isOwn = (address: Buffer) =>
      addresses.some((one) => one.index === own && one.address.equals(address))
    if (!addresses.some((one) => one.index === own && one.scope === 'global')) return undefined
    this.queries.send(routeQuery(destination, undefined, mark))
    const answer = this.queries.receive()
    const source = answer && preferredSource(answer)
    const index = answer && routeInterface(answer)
    if (!source || index === undefined || index === own || !isOwn(source)) return undefined
    const fit = addresses.filter((one) => one.index !== own && !one.isUnfit && !isOwn(one.address))
    const chosen =
      fit.find((one) => one.scope === 'global' && one.index === index) ??
      fit.find((one) => one.scope === 'global') ??
      fit.find((one) => one.scope === 'link' && one.index === index)
    return chosen ? { address: chosen.address, index } : 'none'
  }

  private addresses(family: 4 | 6): HostAddress[] {
    let found = this.known.get(family)
    if (!found) {
      found = []
      this.queries.send(addressesQuery(family))
      for (
        let part = this.queries.receive();
        part;
        part = isLastOfDump(part) ? undefined : this.queries.receive()
      )
        found.push(...readAddresses(part))
      this.known.set(family, found)
    }
    return found
  }
}
