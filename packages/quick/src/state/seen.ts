// SPDX-License-Identifier: MIT

import { readFirewall } from '@wgq/firewall/default-route/manager'
import { asideTable } from '@wgq/firewall/exceptions/aside'
import { killSwitchTable } from '@wgq/firewall/kill-switch/table'
import { findOwn } from '@wgq/firewall/own-table'
import type { FirewallState } from '@wgq/firewall/state'
import { type Cidr, formatCidr, maskCidr } from '@wgq/model/cidr'
import type { Device } from '@wgq/model/device'
import { isWgqError, WgqError } from '@wgq/model/error'
import type { Host, Link, LinkAddress, Route } from '@wgq/model/host'
import type { Family } from '@wgq/model/ip'
import type { Op, Rule } from '@wgq/model/operation'
import { notWireGuard, withoutInterface } from '../not-wireguard.ts'
import { canonicalAddress } from '../run/inverse.ts'
import type { Journal } from '../run/journal.ts'
import type { Session } from '../session.ts'
import type { System } from '../systems/system.ts'
import { srcValidMarkKey } from './default-route.ts'
import { ownExceptions } from './exception-rules.ts'
import { notedFloors, presentFloors } from './floors.ts'
import { isSetByHook } from './mentioned.ts'
import { ownPairs } from './own-pairs.ts'
import { isDefault, readRouting, routeId } from './routes.ts'
import type { RulePair } from './rule-plan.ts'
import { allRules } from './rules.ts'
import type { TunnelRoute, TunnelState } from './tunnel-state.ts'

/** A tunnel as found on the machine, and which parts of it are the tunnel's own. */
export interface Seen {
  /** The system's name of the interface. */
  readonly real: string
  readonly link: Link
  readonly state: TunnelState & { readonly device: Device }
  /** These exist, and have not exactly the rules of `state`. */
  readonly isAltered: Readonly<Record<'killSwitch' | 'aside', boolean>>
  /** Every address of the interface, in the order of the system. */
  readonly addresses: readonly Cidr[]
  /** See AddressView. */
  readonly cutOff: ReadonlySet<string>
  /** Networks for which the kernel has made a route, as text. */
  readonly networks: ReadonlySet<string>
  /** Routes of the interface that other programs made, without the kernel's routes for addresses. */
  readonly foreignRoutes: readonly TunnelRoute[]
  /** Default routes through other interfaces in tables of the tunnel's pairs, where the tunnel's own is missing. */
  readonly strayDefaults: readonly (TunnelRoute & { readonly dev: string })[]
  /** The tunnel's pairs of rules, complete or not, its single rules, and all rules of the machine. */
  readonly pairs: readonly RulePair[]
  readonly leftRules: readonly Rule[]
  readonly allRules: readonly Rule[]
  /** The manager of name servers named in the journal, whatever it holds now. */
  readonly dnsManager: string | undefined
  /** See AddressView. */
  readonly promotes: boolean
  readonly isOrdered: boolean
  readonly mainTable: number
  /** `plain`: in a namespace of its own a default route is an ordinary route. */
  readonly takesDefaultBy: System['takesDefaultBy'] | 'plain'
}

/**
 * Reads everything that belongs to a tunnel from the machine; changes nothing. An object is the tunnel's own if the
 * journal names it, or, without a journal, if only this tunnel makes such objects. `session` is that of the interface's
 * namespace. Raises `E_NOT_WIREGUARD` if the interface does not run.
 */
export const look = async (session: Session, journal: Journal | undefined): Promise<Seen> => {
  const { name, dependencies, system } = session
  const { host, readSysctl } = dependencies
  const real = (await system.realName(session)) ?? name
  const device = await readRunning(session, real)
  const link = await host.link(real)
  if (!link) throw withoutInterface(name)
  const listed = await host.addresses(real)
  const notedOnes = journal && notedAddresses(journal)
  const requested =
    notedOnes ?? new Set(session.settings.addresses.map(({ value }) => canonicalAddress(value)))
  const [automatic, others] = parted(listed, (address) => isAutomatic(address, requested))
  const addresses = others.map(({ cidr }) => cidr)
  const own = new Set(addresses.map(formatCidr).filter((text) => notedOnes?.has(text) ?? true))
  const listedRoutes = await routesOf(session, real)
  const networks = new Set(
    listedRoutes.filter(({ protocol }) => protocol === kernelProtocol).map(({ dst }) => formatCidr(dst)),
  )
  // Setting the link up adds those of its IPv4 addresses.
  if (!link.up) for (const cidr of addresses) networks.add(formatCidr(maskCidr(cidr)))
  const routes = withoutKernels(session, listedRoutes, ownDefaults(system, device, journal))
  const isOwnRoute = ownRoutes(session, device, addresses, journal)
  const [ownOnes, foreignRoutes] = parted(routes, isOwnRoute)
  const rules = await allRules(host)
  const pairs = await ownPairs(session, real, rules, device, journal)
  const strayDefaults = await strays(host, real, pairs, ownOnes)
  const noted = journal?.undo ?? []
  const floors = await presentFloors(
    host,
    // Without a journal the tables of the tunnel's own pairs are its own.
    journal ? notedFloors(noted) : pairs.map(({ family, mark }) => ({ family, table: mark })),
  )
  const firewall =
    system.name === 'linux' ? withoutAutomatic(await readFirewall(dependencies, name), automatic) : undefined
  const killSwitch = system.name === 'linux' ? await findOwn(dependencies, killSwitchTable, name) : undefined
  const dns = await system.readDns(session, journal)
  const srcValidMark = readSysctl(srcValidMarkKey)
  const exceptions = ownExceptions(
    rules,
    journal?.undo,
    pairs.flatMap(({ suppress }) => suppress ?? []),
    session.exceptions?.allow ?? [],
  )
  const asks = session.exceptions !== undefined || noted.some((op) => op.do === 'aside.off')
  const aside = system.name === 'linux' && asks ? await findOwn(dependencies, asideTable, name) : undefined
  return {
    real,
    link,
    state: {
      link: { up: link.up, mtu: link.mtu },
      device,
      addresses: addresses.filter((cidr) => own.has(formatCidr(cidr))),
      routes: ownOnes,
      rules: [
        ...pairs.flatMap(({ notMark, suppress }) => (suppress ? [notMark, suppress] : [notMark])),
        ...exceptions,
      ],
      ...(firewall ? { firewall } : {}),
      ...(killSwitch ? { killSwitch: killSwitch.state } : {}),
      ...(aside ? { aside: aside.state } : {}),
      ...(dns ? { dns } : {}),
      ...(floors.length > 0 ? { floors } : {}),
      sysctls: srcValidMark === undefined ? {} : { [srcValidMarkKey]: srcValidMark },
    },
    isAltered: { killSwitch: killSwitch?.isAltered ?? false, aside: aside?.isAltered ?? false },
    addresses,
    networks,
    cutOff: link.up && system.name === 'linux' ? cutOff(addresses, networks) : new Set(),
    foreignRoutes,
    strayDefaults,
    pairs,
    leftRules: leftRules(rules, pairs, noted),
    allRules: rules,
    dnsManager: noted.find((op) => op.do === 'dns.unset')?.manager,
    promotes: ['net.ipv4.conf.all.promote_secondaries', `net/ipv4/conf/${real}/promote_secondaries`].some(
      (key) => readSysctl(key) === '1',
    ),
    isOrdered: system.name === 'linux',
    mainTable: system.mainTable,
    takesDefaultBy: session.into === undefined ? system.takesDefaultBy : 'plain',
  }
}

/** Like {@link look} after steps that change only the device: peer changes affect no address, route or rule. */
export const lookAtDevice = async (session: Session, before: Seen): Promise<Seen> => ({
  ...before,
  state: { ...before.state, device: await readRunning(session, before.real) },
})

const readRunning = async ({ name, dependencies }: Session, real: string): Promise<Device> => {
  if (!(await dependencies.devices.list()).includes(real)) throw notWireGuard(name)
  try {
    return await dependencies.devices.read(real)
  } catch (cause) {
    const why = isWgqError(cause) ? `: ${cause.message}` : ''
    throw new WgqError('E_DEVICE', `${name} cannot be read${why}`, {
      hint: `\`wgq doctor ${name}\` looks closer`,
      cause,
    })
  }
}

/** The kernel adds an IPv6 link-local address to a TUN by itself, unless the tunnel's file requests it. */
const isAutomatic = ({ cidr, scope }: LinkAddress, requested: ReadonlySet<string>): boolean =>
  cidr.family === 6 && scope === 'link' && !requested.has(formatCidr(cidr))

/** A firewall without the addresses of the kernel: `up` protects those too if they are there in time. */
const withoutAutomatic = (
  firewall: FirewallState | undefined,
  automatic: readonly LinkAddress[],
): FirewallState | undefined => {
  if (!firewall || automatic.length === 0) return firewall
  const ofKernel = new Set(automatic.map(({ cidr }) => cidr.address))
  const families = firewall.families.map((one) => ({
    ...one,
    addresses: one.addresses.filter((address) => !ofKernel.has(address)),
  }))
  return { ...firewall, families }
}

const notedAddresses = ({ undo }: Journal): ReadonlySet<string> =>
  new Set(undo.flatMap((op) => (op.do === 'address.delete' ? [canonicalAddress(op.address)] : [])))

/** RTPROT_KERNEL: routes to the networks of addresses. */
const kernelProtocol = 2

/** Routes of the interface in every relevant table. */
const routesOf = async ({ dependencies, system, settings }: Session, real: string): Promise<Route[]> => {
  const { host } = dependencies
  const found: Route[] = []
  for (const family of [4, 6] as const) {
    if (system.name === 'linux') found.push(...(await host.routes({ family, dev: real, table: 0 })))
    else {
      found.push(...(await host.routes({ family, dev: real })))
      const table = system.tableNumber(settings.table?.value)
      if (table !== undefined && table !== system.mainTable)
        found.push(...(await host.routes({ family, dev: real, table })))
    }
  }
  return found
}

/** Drops the routes that the kernel makes for addresses. */
const withoutKernels = (
  { system }: Session,
  found: readonly Route[],
  defaults: ReadonlySet<Family>,
): TunnelRoute[] => {
  const routes = found.filter(
    ({ protocol, type }) => protocol !== kernelProtocol && !(system.name === 'linux' && type !== undefined),
  )
  return system.takesDefaultBy === 'halves' ? joinHalves(routes, system.mainTable, defaults) : routes
}

/** Addresses whose network has no kernel route. */
const cutOff = (addresses: readonly Cidr[], networks: ReadonlySet<string>): ReadonlySet<string> => {
  // For IPv6 the kernel makes one for a single address too.
  const isWide = ({ family, prefixLength }: Cidr) => family === 6 || prefixLength < 32
  return new Set(
    addresses.filter((cidr) => isWide(cidr) && !networks.has(formatCidr(maskCidr(cidr)))).map(formatCidr),
  )
}

/** The families whose default route is the tunnel's. */
const ownDefaults = (
  { mainTable, tableNumber }: Session['system'],
  device: Device,
  journal: Journal | undefined,
): ReadonlySet<Family> => {
  const taken = journal
    ? journal.undo.flatMap((op) =>
        op.do === 'route.delete' && (tableNumber(op.table) ?? mainTable) === mainTable ? [op.dst] : [],
      )
    : device.peers.flatMap(({ allowedIps }) => allowedIps)
  return new Set(taken.filter(isDefault).map(({ family }) => family))
}

/**
 * Where the tunnel takes the default route, both halves of a family in the main table are one default route, and a
 * single half is none; elsewhere they are ordinary routes.
 */
const joinHalves = (
  routes: readonly TunnelRoute[],
  mainTable: number,
  defaults: ReadonlySet<Family>,
): TunnelRoute[] => {
  const isHalf = ({ dst, table }: TunnelRoute) =>
    dst.prefixLength === 1 && table === mainTable && defaults.has(dst.family)
  const joined = [...defaults]
    .filter((family) => routes.filter((route) => isHalf(route) && route.dst.family === family).length === 2)
    .map((family) => ({
      dst: { family, address: family === 4 ? '0.0.0.0' : '::', prefixLength: 0 },
      table: mainTable,
    }))
  return [...routes.filter((route) => !isHalf(route)), ...joined]
}

/** Distinguishes the tunnel's own routes from those that other programs made through its interface. */
const ownRoutes = (
  { system, settings }: Session,
  device: Device,
  addresses: readonly Cidr[],
  journal: Journal | undefined,
): ((route: TunnelRoute) => boolean) => {
  if (journal) {
    const noted = new Set(
      journal.undo.flatMap((op) =>
        op.do === 'route.delete'
          ? [routeId(maskCidr(op.dst), system.tableNumber(op.table) ?? system.mainTable)]
          : [],
      ),
    )
    return ({ dst, table }) => noted.has(routeId(dst, table))
  }
  // Upstream's `up` makes routes for allowed IPs; if hooks make some too, only tables that it would use now count.
  const byHook = isSetByHook(settings, /\broute\b/)
  const routing = readRouting(settings.table?.value)
  const tables = new Set([
    system.mainTable,
    system.tableNumber(settings.table?.value),
    ...(routing.to === 'auto' ? [device.fwmark] : []),
  ])
  const allowed = new Set(
    device.peers.flatMap(({ allowedIps }) => allowedIps.map((cidr) => formatCidr(maskCidr(cidr)))),
  )
  // On the BSDs they look like the routes that the kernel makes for the networks of addresses.
  const isOfKernel = ({ dst, table }: TunnelRoute) =>
    table === system.mainTable && connected.has(formatCidr(dst))
  const connected = new Set(
    system.name === 'linux' ? [] : addresses.map((cidr) => formatCidr(maskCidr(cidr))),
  )
  return (route) =>
    (!byHook || tables.has(route.table)) && allowed.has(formatCidr(route.dst)) && !isOfKernel(route)
}

/** Finds foreign default routes: another program may have replaced that of the tunnel's table. */
const strays = async (
  host: Pick<Host, 'routes'>,
  real: string,
  pairs: readonly RulePair[],
  own: readonly TunnelRoute[],
): Promise<Seen['strayDefaults']> => {
  const isThere = ({ family, mark }: RulePair) =>
    own.some(({ dst, table }) => dst.family === family && table === mark && isDefault(dst))
  const found: (TunnelRoute & { readonly dev: string })[] = []
  for (const { family, mark } of pairs.filter((pair) => !isThere(pair)))
    for (const { dst, dev, table, type, metric, protocol } of await host.routes({ family, table: mark }))
      if (isDefault(dst) && type === undefined && dev !== undefined && dev !== real)
        found.push({ dst, dev, table, ...(metric && { metric }), ...(protocol && { protocol }) })
  return found
}

const parted = <T>(all: readonly T[], isFirst: (one: T) => boolean): [first: T[], others: T[]] => {
  const parts: [T[], T[]] = [[], []]
  for (const one of all) parts[isFirst(one) ? 0 : 1].push(one)
  return parts
}

/** Rules in the journal that no longer belong to a pair. */
const leftRules = (rules: readonly Rule[], pairs: readonly RulePair[], noted: readonly Op[]): Rule[] => {
  const paired = new Set(pairs.flatMap(({ notMark, suppress }) => [notMark, suppress]))
  return rules.filter(
    (rule) =>
      !paired.has(rule) &&
      !rule.selective &&
      noted.some(
        (op) =>
          op.do === 'rule.delete' &&
          op.rule.family === rule.family &&
          op.rule.preference !== undefined &&
          op.rule.preference === rule.preference &&
          op.rule.notFwmark === rule.notFwmark &&
          op.rule.fwmark === rule.fwmark &&
          op.rule.suppressPrefixLength === rule.suppressPrefixLength,
      ),
  )
}
