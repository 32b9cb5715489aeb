// SPDX-License-Identifier: MIT
import { type Cidr, maskCidr, parseCidr } from '@wgq/model/cidr'
import { WgqError } from '@wgq/model/error'
import type { Host, Link, LinkAddress, Route, RouteLookup } from '@wgq/model/host'
import type { Family } from '@wgq/model/ip'
import type { IfName, Op, Rule, Table } from '@wgq/model/operation'

const mainTable = 254
const kernelProtocol = 2
const bootProtocol = 3

/**
 * A host that applies operations in memory only, on top of the state of a real one. It refuses only a second interface
 * of the same name, and the kernel's interface if there is no driver.
 */
export class ImaginedHost implements Host {
  private readonly base: Host
  private readonly hasDriver: boolean
  private readonly madeLinks = new Map<IfName, Link>()
  private readonly madeAddresses: LinkAddress[] = []
  private readonly madeRoutes: Route[] = []
  private readonly madeRules: Rule[] = []

  constructor(base: Host, hasDriver: boolean) {
    this.base = base
    this.hasDriver = hasDriver
  }

  async links(): Promise<Link[]> {
    return [...(await this.base.links()), ...this.madeLinks.values()]
  }

  async link(name: IfName): Promise<Link | undefined> {
    return this.madeLinks.get(name) ?? this.base.link(name)
  }

  async addresses(dev: IfName, family?: Family): Promise<LinkAddress[]> {
    const real = this.madeLinks.has(dev) ? [] : await this.base.addresses(dev, family)
    const made = this.madeAddresses.filter(
      (address) => address.dev === dev && (family === undefined || address.cidr.family === family),
    )
    return [...real, ...made]
  }

  async routes(query: { family: Family; table?: Table; dev?: IfName }): Promise<Route[]> {
    const { dev, family } = query
    const real = dev !== undefined && this.madeLinks.has(dev) ? [] : await this.base.routes(query)
    const made = this.madeRoutes.filter(
      (route) =>
        route.dst.family === family &&
        route.table === number(query.table) &&
        (dev === undefined || route.dev === dev),
    )
    return [...real, ...made]
  }

  async rules(family: Family): Promise<Rule[]> {
    const rules = [
      ...(await this.base.rules(family)),
      ...this.madeRules.filter((rule) => rule.family === family),
    ]
    return rules.sort((a, b) => (a.preference ?? 0) - (b.preference ?? 0))
  }

  routeTo(address: string, mark?: number): Promise<RouteLookup | undefined> {
    return this.base.routeTo(address, mark)
  }

  async apply(ops: readonly Op[]): Promise<void> {
    for (const op of ops) this.applyOne(op)
  }

  close(): void {
    this.base.close()
  }

  /** Has the effect of starting a daemon. */
  makeLink(name: IfName): void {
    this.madeLinks.set(name, { index: 0x7fff_ffff - this.madeLinks.size, name, mtu: 1420, up: false })
  }

  private applyOne(op: Op): void {
    switch (op.do) {
      case 'link.add':
        if (!this.hasDriver)
          throw new WgqError('E_HOST', 'Error: Unknown device type.', { errno: 'EOPNOTSUPP', exitCode: 2 })
        this.makeLink(op.name)
        return
      case 'link.delete':
        this.madeLinks.delete(op.name)
        return
      case 'link.up':
        this.raise(op.dev, op.mtu)
        return
      case 'address.add': {
        const cidr = parseCidr(op.address)
        if (cidr) this.madeAddresses.push({ dev: op.dev, cidr, scope: 'global' })
        return
      }
      case 'route.add':
        this.madeRoutes.push(routeOf(op.dev, op.dst, number(op.table), bootProtocol))
        return
      case 'rule.add':
        this.madeRules.push(op.rule)
        return
    }
  }

  /** The kernel adds a route for the network of each address. */
  private raise(dev: IfName, mtu: string): void {
    const link = this.madeLinks.get(dev)
    if (link) this.madeLinks.set(dev, { ...link, up: true, mtu: Number(mtu) })
    for (const { dev: owner, cidr } of this.madeAddresses) {
      const host = cidr.prefixLength === (cidr.family === 4 ? 32 : 128)
      if (owner === dev && !host)
        this.madeRoutes.push(routeOf(dev, maskCidr(cidr), mainTable, kernelProtocol))
    }
  }
}

const routeOf = (dev: IfName, dst: Cidr, table: number, protocol: number): Route => ({
  family: dst.family,
  dst,
  dev,
  table,
  protocol,
})

const number = (table: Table | undefined): number =>
  table === undefined || table === 'main' ? mainTable : Number(table)
