// SPDX-License-Identifier: MIT
import { type Cidr, formatCidr, maskCidr, parseCidr } from '@wgq/model/cidr'
import type { Link, Route } from '@wgq/model/host'
import type { Family } from '@wgq/model/ip'
import type { IfName, Op, Rule, Table } from '@wgq/model/operation'
import { type HeldAddress, networkOf, withAddress, withoutAddress } from './addresses.ts'
import { exists, noDevice, noProcess, refusal } from './refusal.ts'

const mainTable = 254
const kernelProtocol = 2
const bootProtocol = 3
const worstMetric = 0xffff_ffff
/** The kernel's metrics for an IPv6 route without one, and for routes of addresses. */
const ipv6Metric = 1024
const ipv6ConnectedMetric = 256
const leastIpv6Mtu = 1280

/** An interface with the state that the kernel keeps. */
interface HeldLink extends Link {
  readonly addresses: readonly HeldAddress[]
}

/** Operations of {@link Network}. */
export type NetworkOp = Extract<
  Op,
  {
    do:
      | 'link.add'
      | 'link.delete'
      | 'link.up'
      | 'link.down'
      | 'address.add'
      | 'address.delete'
      | 'route.add'
      | 'route.delete'
      | 'floor.add'
      | 'floor.delete'
      | 'rule.add'
      | 'rule.delete'
  }
>

/**
 * The part of Linux that wg-quick changes, in memory: links, addresses, routes and rules, with the kernel's own changes
 * when one of them is deleted. network.test.ts compares it with the kernel.
 */
export class Network {
  readonly sysctls = new Map<string, string>([
    ['net.ipv4.ip_forward', '0'],
    ['net.ipv4.conf.all.src_valid_mark', '0'],
    ['net.ipv4.conf.all.rp_filter', '0'],
    ['net.ipv4.conf.all.promote_secondaries', '0'],
    ['net.ipv6.conf.all.disable_ipv6', '0'],
    ['net.ipv6.conf.default.disable_ipv6', '0'],
  ])
  readonly links = new Map<IfName, HeldLink>()
  routes: Route[] = []
  rules: Rule[] = [4, 6].flatMap((family) => [
    { family: family as Family, table: 255, preference: 0 },
    { family: family as Family, table: 254, preference: 32766 },
    // IPv6 has no third one.
    ...(family === 4 ? [{ family: 4 as Family, table: 253, preference: 32767 }] : []),
  ])
  private nextIndex = 1

  /** Disables IPv6 for all interfaces, also future ones, as `sysctl net.ipv6.conf.all.disable_ipv6=1` does. */
  switchIpv6Off(): void {
    this.sysctls.set('net.ipv6.conf.all.disable_ipv6', '1')
    this.sysctls.set('net.ipv6.conf.default.disable_ipv6', '1')
    this.routes = this.routes.filter(({ family }) => family === 4)
    for (const name of this.links.keys()) {
      this.sysctls.delete(`net/ipv6/conf/${name}/disable_ipv6`)
      this.keepAddresses(name, (one) => one.cidr.family === 4)
    }
  }

  /** Adds an interface, as `ip link add` does. */
  addLink(name: IfName, kind: string, mtu = 1420): void {
    if (this.links.has(name)) throw exists()
    this.links.set(name, { index: this.nextIndex++, name, kind, mtu, up: false, addresses: [] })
  }

  /** Sets a link down or up, as `ip link set` does. */
  setUp(name: IfName, up: boolean): void {
    const link = this.link(name)
    if (link.up === up) return
    this.links.set(name, { ...link, up })
    if (up) {
      for (const { cidr } of link.addresses) this.connect(name, cidr)
      return
    }
    this.routes = this.routes.filter((route) => route.dev !== name)
    this.keepAddresses(name, (one) => one.cidr.family === 4)
  }

  /** Removes an interface and everything that depends on it. */
  deleteLink(name: IfName): void {
    this.link(name)
    this.links.delete(name)
    this.sysctls.delete(promoteKey(name))
    this.routes = this.routes.filter((route) => route.dev !== name)
  }

  apply(op: NetworkOp): void {
    switch (op.do) {
      case 'link.add':
        this.addLink(op.name, 'wireguard')
        return
      case 'link.delete':
        this.deleteLink(op.name)
        return
      case 'link.up':
        this.setMtu(op.dev, Number(op.mtu))
        this.setUp(op.dev, true)
        return
      case 'link.down':
        this.setUp(op.dev, false)
        return
      case 'address.add':
        this.addAddress(op.dev, read(op.address))
        return
      case 'address.delete':
        this.deleteAddress(op.dev, read(op.address))
        return
      case 'route.add':
        this.addRoute(op.dev, maskCidr(op.dst), number(op.table))
        return
      case 'route.delete':
        this.deleteRoute(
          (route) =>
            route.dev === op.dev &&
            route.table === number(op.table) &&
            sameCidr(route.dst, op.dst) &&
            (op.metric === undefined || (route.metric ?? 0) === op.metric),
        )
        return
      case 'floor.add':
        // Replaces one that is there.
        if (!this.routes.some((other) => sameRoute(other, floor(op.family, op.table))))
          this.insert({ ...floor(op.family, op.table), protocol: bootProtocol }, true)
        return
      case 'floor.delete':
        this.deleteRoute(
          (route) =>
            route.type === 'unreachable' &&
            route.family === op.family &&
            route.table === op.table &&
            route.metric === worstMetric,
        )
        return
      case 'rule.add':
        this.addRule(op.rule)
        return
      case 'rule.delete':
        this.deleteRule(op.rule)
    }
  }

  /** `ip link set mtu`: below 1280 the interface loses IPv6. */
  setMtu(name: IfName, mtu: number): void {
    const link = this.link(name)
    this.links.set(name, { ...link, mtu })
    if (mtu >= leastIpv6Mtu) return
    this.keepAddresses(name, (one) => one.cidr.family === 4)
    this.routes = this.routes.filter((route) => route.dev !== name || route.family === 4)
  }

  /** Says whether IPv6 is switched off for an interface. */
  isIpv6Off(name: IfName): boolean {
    const own = this.sysctls.get(`net/ipv6/conf/${name}/disable_ipv6`)
    return (own ?? this.sysctls.get('net.ipv6.conf.default.disable_ipv6')) === '1'
  }

  private addAddress(name: IfName, cidr: Cidr): void {
    const link = this.link(name)
    if (cidr.family === 6) {
      if (link.mtu < leastIpv6Mtu) throw refusal('EINVAL', 'RTNETLINK answers: Invalid argument')
      if (this.isIpv6Off(name)) throw refusal('EACCES', 'Error: ipv6: IPv6 is disabled on this device.')
    }
    const addresses = withAddress(link.addresses, cidr)
    this.links.set(name, { ...link, addresses })
    if (link.up && !addresses.some((one) => one.cidr === cidr && one.secondary)) this.connect(name, cidr)
  }

  private deleteAddress(name: IfName, cidr: Cidr): void {
    const link = this.link(name)
    if (cidr.family === 6 && link.mtu < leastIpv6Mtu)
      throw refusal('ENXIO', 'Error: ipv6: Unable to find inet6 device.')
    const promote = ['net.ipv4.conf.all.promote_secondaries', promoteKey(name)].some(
      (key) => this.sysctls.get(key) === '1',
    )
    const left = withoutAddress(link.addresses, cidr, promote)
    if (left === undefined)
      throw refusal(
        'EADDRNOTAVAIL',
        `Error: ipv${cidr.family}: ${cidr.family === 4 ? 'A' : 'a'}ddress not found.`,
      )
    this.keepAddresses(name, (one) => left.some(({ cidr: other }) => other === one.cidr))
    this.links.set(name, { ...this.link(name), addresses: left })
  }

  /** Drops the addresses that `stays` refuses and their network routes; with the last IPv4 address, all IPv4 routes. */
  private keepAddresses(name: IfName, stays: (one: HeldAddress) => boolean): void {
    const link = this.link(name)
    const kept = link.addresses.filter(stays)
    this.links.set(name, { ...link, addresses: kept })
    const networks = new Set(kept.map(({ cidr }) => networkOf(cidr)))
    const gone = new Set(
      link.addresses.map(({ cidr }) => networkOf(cidr)).filter((network) => !networks.has(network)),
    )
    const hadIpv4 = link.addresses.some(({ cidr }) => cidr.family === 4)
    const lostIpv4 = hadIpv4 && !kept.some(({ cidr }) => cidr.family === 4)
    this.routes = this.routes.filter(
      (route) =>
        route.dev !== name ||
        !(
          (route.protocol === kernelProtocol &&
            route.table === mainTable &&
            gone.has(formatCidr(route.dst))) ||
          (lostIpv4 && route.family === 4)
        ),
    )
  }

  /** The route of an address's network: none for a single IPv4 address. */
  private connect(name: IfName, cidr: Cidr): void {
    if (cidr.family === 4 && cidr.prefixLength === 32) return
    const route: Route = {
      family: cidr.family,
      dst: maskCidr(cidr),
      dev: name,
      table: mainTable,
      protocol: kernelProtocol,
      ...(cidr.family === 6 ? { metric: ipv6ConnectedMetric } : {}),
    }
    const same = this.routes.some(
      (other) => other.dev === name && sameRoute(other, route) && other.protocol === kernelProtocol,
    )
    if (!same) this.insert(route, false)
  }

  private addRoute(name: IfName, dst: Cidr, table: number): void {
    const link = this.link(name)
    if (dst.family === 6 && link.mtu < leastIpv6Mtu)
      throw refusal('ENODEV', 'RTNETLINK answers: No such device')
    if (dst.family === 6 && this.isIpv6Off(name))
      throw refusal('EACCES', 'Error: IPv6 is disabled on nexthop device.')
    if (!link.up) throw refusal('ENETDOWN', 'Error: Nexthop device is not up.')
    const metric = dst.family === 6 ? { metric: ipv6Metric } : {}
    this.insert({ family: dst.family, dst, dev: name, table, protocol: bootProtocol, ...metric }, true)
  }

  /** Appends a route; `exclusive` refuses a second one of the same metric. */
  private insert(route: Route, exclusive: boolean): void {
    if (exclusive && this.routes.some((other) => sameRoute(other, route))) throw exists()
    this.routes.push(route)
  }

  private deleteRoute(matches: (route: Route) => boolean): void {
    const found = this.routes.filter(matches).sort((a, b) => (a.metric ?? 0) - (b.metric ?? 0))[0]
    if (!found) throw noProcess()
    this.routes = this.routes.filter((route) => route !== found)
  }

  private addRule(rule: Rule): void {
    const ofFamily = this.rulesOf(rule.family)
    const second = ofFamily[1]?.preference ?? 0
    const added = {
      ...rule,
      table: number(rule.table),
      preference: rule.preference ?? Math.max(0, second - 1),
    }
    if (ofFamily.some((other) => JSON.stringify(keyOf(other)) === JSON.stringify(keyOf(added))))
      throw exists()
    this.rules.push(added)
  }

  private deleteRule(rule: Rule): void {
    const found = this.rulesOf(rule.family).find(
      (other) =>
        other.table === number(rule.table) &&
        (rule.preference === undefined || other.preference === rule.preference) &&
        (rule.notFwmark === undefined || other.notFwmark === rule.notFwmark) &&
        (rule.fwmark === undefined || other.fwmark === rule.fwmark) &&
        (rule.selectors === undefined ||
          JSON.stringify(other.selectors) === JSON.stringify(rule.selectors)) &&
        (rule.suppressPrefixLength === undefined || other.suppressPrefixLength === rule.suppressPrefixLength),
    )
    if (!found) throw refusal('ENOENT', 'RTNETLINK answers: No such file or directory')
    this.rules = this.rules.filter((other) => other !== found)
  }

  /** The rules of a family in the order of their evaluation. */
  rulesOf(family: Family): Rule[] {
    return this.rules
      .filter((rule) => rule.family === family)
      .sort((a, b) => (a.preference ?? 0) - (b.preference ?? 0))
  }

  private link(name: IfName): HeldLink {
    const link = this.links.get(name)
    if (!link) throw noDevice(name)
    return link
  }
}

const promoteKey = (name: IfName): string => `net/ipv4/conf/${name}/promote_secondaries`

const floor = (family: Family, table: number): Route => ({
  family,
  dst: { family, address: family === 4 ? '0.0.0.0' : '::', prefixLength: 0 },
  table,
  metric: worstMetric,
  type: 'unreachable',
  // As Linux lists it: the IPv4 one has no interface.
  ...(family === 6 ? { dev: 'lo' } : {}),
})

const read = (text: string): Cidr => {
  const cidr = parseCidr(text)
  if (!cidr) throw refusal('EINVAL', `Error: any valid prefix is expected rather than "${text}".`)
  return cidr
}

/** The number of a table; `main` is the only known name. */
export const number = (table: Table | undefined): number =>
  table === undefined || table === 'main' ? mainTable : Number(table)

const sameCidr = (a: Cidr, b: Cidr): boolean => formatCidr(maskCidr(a)) === formatCidr(maskCidr(b))

const sameRoute = (a: Route, b: Route): boolean =>
  a.family === b.family &&
  a.table === b.table &&
  (a.metric ?? 0) === (b.metric ?? 0) &&
  sameCidr(a.dst, b.dst)

const keyOf = ({
  table,
  notFwmark,
  fwmark,
  suppressPrefixLength,
  preference,
  selective,
  selectors,
}: Rule) => [table, notFwmark, fwmark, suppressPrefixLength, preference, selective, selectors]
