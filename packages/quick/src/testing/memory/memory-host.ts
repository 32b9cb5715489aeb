// SPDX-License-Identifier: MIT
import { parseCidr } from '@wgq/model/cidr'
import { isWgqError, WgqError } from '@wgq/model/error'
import type { Host, Link, LinkAddress, Route, RouteLookup } from '@wgq/model/host'
import type { Family } from '@wgq/model/ip'
import type { IfName, Op, Rule, Table } from '@wgq/model/operation'
import { type Network, type NetworkOp, number } from './network.ts'
import { wayOf } from './packet.ts'
import { noDevice } from './refusal.ts'

/** Called before and after every operation; a `before` that never returns interrupts the run like a kill. */
interface AroundOp {
  readonly before: (op: Op) => Promise<void>
  readonly after: (op: Op) => void
}

/** A {@link Host} backed by an in-memory {@link Network}. */
export class MemoryHost implements Host {
  private readonly network: Network
  private readonly around: AroundOp

  constructor(network: Network, around: AroundOp) {
    this.network = network
    this.around = around
  }

  async links(): Promise<Link[]> {
    return [...this.network.links.values()].map(({ addresses: _, ...link }) => link)
  }

  async link(name: IfName): Promise<Link | undefined> {
    return (await this.links()).find((link) => link.name === name)
  }

  async addresses(dev: IfName, family?: Family): Promise<LinkAddress[]> {
    const link = this.network.links.get(dev)
    if (!link) throw noDevice(dev)
    return link.addresses
      .filter(({ cidr }) => family === undefined || cidr.family === family)
      .map(({ cidr }) => ({ dev, cidr, scope: cidr.address.startsWith('fe80:') ? 'link' : 'global' }))
  }

  async routes(query: { family: Family; table?: Table; dev?: IfName }): Promise<Route[]> {
    const { family, dev } = query
    if (dev !== undefined && !this.network.links.has(dev)) throw noDevice(dev)
    const table = number(query.table)
    return this.network.routes.filter(
      (route) =>
        route.family === family &&
        (table === 0 || route.table === table) &&
        (dev === undefined || route.dev === dev),
    )
  }

  async rules(family: Family): Promise<Rule[]> {
    return this.network.rulesOf(family)
  }

  async routeTo(address: string, mark = 0): Promise<RouteLookup | undefined> {
    const cidr = parseCidr(address)
    const local = [...this.network.links.values()].some((link) =>
      link.addresses.some((one) => one.cidr.address === cidr?.address),
    )
    if (local) return { dev: 'lo', table: 255 }
    const route = cidr && wayOf(this.network, cidr, mark)
    if (!route || route.dev === undefined) return undefined
    const { dev, table, mtu } = route
    return { dev, table, ...(mtu === undefined ? {} : { mtu }) }
  }

  async apply(ops: readonly Op[]): Promise<void> {
    for (const [applied, op] of ops.entries()) {
      try {
        await this.around.before(op)
        this.network.apply(op as NetworkOp)
        this.around.after(op)
      } catch (error) {
        if (isWgqError(error)) throw new AppliedError(error, applied)
        throw error
      }
    }
  }

  close(): void {}
}

/** Reports how much of a batch was applied, as the real host does. */
class AppliedError extends WgqError {
  readonly applied: number

  constructor(cause: WgqError, applied: number) {
    const { errno, exitCode } = cause
    super(cause.code, cause.message, { ...(errno === undefined ? {} : { errno }), exitCode, cause })
    this.applied = applied
  }
}
