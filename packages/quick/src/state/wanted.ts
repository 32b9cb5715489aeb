// SPDX-License-Identifier: MIT
import type { Settings } from '@wgq/config/settings'
import type { DnsState } from '@wgq/dns/state'
import { asideOf } from '@wgq/firewall/exceptions/aside'
import { guarding } from '@wgq/firewall/kill-switch/plan'
import type { FirewallState } from '@wgq/firewall/state'
import { type Cidr, formatCidr, maskCidr, parseCidr } from '@wgq/model/cidr'
import type { Device, DeviceChange } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import type { Key } from '@wgq/model/key'
import type { Journal } from '../run/journal.ts'
import type { System } from '../systems/system.ts'
import { asListed } from './address-plan.ts'
import { firstMark, srcValidMarkKey } from './default-route.ts'
import { exceptionRules } from './exception-rules.ts'
import { isNamedByHook, isSetByHook, mentionedBy } from './mentioned.ts'
import { isDefault, planMainRoutes, readRouting, sortedPrefixes, withoutConnected } from './routes.ts'
import type { Seen } from './seen.ts'
import type { TunnelRoute, TunnelState } from './tunnel-state.ts'

/** What determines the wanted state, beside the file and the current state. */
interface Surroundings {
  readonly system: Pick<System, 'name' | 'takesDefaultBy' | 'mainTable' | 'tableNumber' | 'forgets'>
  /** The interface is in a namespace of its own, where its default route is an ordinary route. */
  readonly isInside: boolean
  readonly killSwitch: boolean
  /** IPv6 is switched off for the interface and therefore left out. */
  readonly withoutIpv6: boolean
  /** Protections that the machine did not accept when the tunnel came up. */
  readonly without: readonly string[]
  readonly mtu: number
  /** An unused mark. */
  readonly freeMark: number
  /** The tool that would load a firewall; undefined if there is none. */
  readonly firewallTool: FirewallState['tool'] | undefined
  /** What may bypass a full tunnel and a kill switch. */
  readonly allow?: readonly string[]
  /** Peers that do not stay, whatever adds peers beside the file. */
  readonly leavingPeers: readonly Key[]
  /** Where the rules of a default route belong. */
  readonly rulePlaces?: TunnelState['rulePlaces']
  /** The manager of name servers and its settings; undefined if there is none. */
  readonly dns: DnsState | undefined
}

/**
 * The wanted state of a file: a pure function of the file (its text and `change`, its device settings with names
 * resolved), of the options of `up`, and of the current state. Equals the result of a fresh `up` of the file; values
 * that the file leaves open and another program has set stay.
 */
export const wantedState = (
  settings: Settings,
  change: DeviceChange,
  seen: Seen,
  journal: Journal | undefined,
  around: Surroundings,
): TunnelState => {
  const { system } = around
  const { device } = seen.state
  const usable = (cidr: Cidr) => !(around.withoutIpv6 && cidr.family === 6)
  const addresses = unique(settings.addresses.flatMap(({ value }) => parseCidr(value) ?? [])).filter(usable)
  // Every implementation ignores a peer with the device's own key.
  const peers = change.peers.filter(({ publicKey }) => publicKey !== device.publicKey)
  const kept = keptPeers(settings, change, device, around.leavingPeers)
  const allowedIps = sortedPrefixes(
    unique([...peers.flatMap((peer) => peer.allowedIps ?? []).map(maskCidr), ...keptPrefixes(kept, seen)]),
  ).filter(usable)
  const routing = readRouting(settings.table?.value)
  const byRules = system.takesDefaultBy === 'rules' && !around.isInside
  const defaults = routing.to === 'auto' && byRules ? allowedIps.filter(isDefault) : []
  const families = defaults.map(({ family }) => family).sort()
  const setByHook = (what: RegExp) => isSetByHook(settings, what)
  const fwmark = wantedMark(
    change,
    device,
    journal,
    seen,
    families.length > 0 || (around.killSwitch && !around.isInside),
    around,
    setByHook(/fwmark/),
  )
  const mark = fwmark ?? device.fwmark
  const routes: TunnelRoute[] = [
    ...plainRoutes(
      routing,
      allowedIps.filter((cidr) => !defaults.includes(cidr)),
      addresses,
      seen,
      system,
    ),
    ...defaults.map((dst) => ({ dst, table: mark })),
  ]
  const { firewallTool, without, allow = [] } = around
  const aside = around.isInside ? undefined : asideOf(mark, allow)
  const firewall: FirewallState | undefined =
    families.length > 0 && firewallTool !== undefined && !without.includes('firewall')
      ? {
          tool: firewallTool,
          families: families.map((family) => ({
            family,
            mark,
            addresses: firewallAddresses(addresses, seen, family),
          })),
        }
      : undefined
  return {
    link: { up: true, mtu: around.mtu },
    device: {
      ...(change.privateKey === undefined ? {} : { privateKey: change.privateKey }),
      ...port(change, device, journal),
      ...withMark(fwmark),
      peers: system.forgets
        ? peers.map(({ keepaliveSeconds: _, ...peer }) => peer)
        : setByHook(/persistent-keepalive/)
          ? withRunningKeepalive(peers, device)
          : peers,
    },
    keptPeers: kept.map(({ publicKey }) => publicKey),
    addresses,
    routes,
    rules: families.flatMap((family) => [
      { family, table: mark, notFwmark: mark },
      { family, table: 'main', suppressPrefixLength: 0 },
      ...exceptionRules(family, allow),
    ]),
    ...(around.rulePlaces ? { rulePlaces: around.rulePlaces } : {}),
    // Nothing is sent in clear if packet filters are flushed and the link is deleted.
    ...(around.killSwitch && families.length > 0
      ? { floors: families.map((family) => ({ family, table: mark })) }
      : {}),
    ...(firewall ? { firewall } : {}),
    ...(around.killSwitch ? { killSwitch: guarding(around.isInside ? 0 : mark, allow) } : {}),
    ...(aside && (families.length > 0 || around.killSwitch) ? { aside } : {}),
    ...(around.dns ? { dns: around.dns } : {}),
    ...(around.dns && without.includes('dns') ? { leavesDns: true } : {}),
    sysctls: families.includes(4) && !without.includes('sysctl') ? { [srcValidMarkKey]: '1' } : {},
  }
}

/**
 * Refuses a file that would break a running tunnel because content is missing: a truncated or empty one. Raises
 * `E_CONFIG_EMPTY`, `E_CONFIG_KEY`.
 */
export const refuseHollow = (
  settings: Settings,
  path: string,
  device: Device,
  journal: Journal | undefined,
): void => {
  const mentioned = mentionedBy(settings)
  const hint = `nothing was changed; \`wgq down ${device.name}\` takes the tunnel down`
  if (!mentioned.hasInterface)
    throw new WgqError('E_CONFIG_EMPTY', `${path} has no [Interface] section`, { hint })
  const byHook = isSetByHook(settings, /private-key|setconf|syncconf/)
  const had = journal?.configured?.privateKey ?? !byHook
  if (!mentioned.privateKey && device.privateKey !== undefined && had && !byHook)
    throw new WgqError('E_CONFIG_KEY', `${path} has no PrivateKey, and ${device.name} has one`, { hint })
}

/**
 * Running peers that are not in the file but stay: `SaveConfig = true` writes them into it later, a hook reads a file of
 * peers, or names the peer. Those that a command has just taken from the file do not stay.
 */
const keptPeers = (
  settings: Settings,
  change: DeviceChange,
  running: Device,
  leaving: readonly Key[],
): Device['peers'] => {
  const decided = new Set([...change.peers.map(({ publicKey }) => publicKey), ...leaving])
  const others = running.peers.filter(({ publicKey }) => !decided.has(publicKey))
  if (settings.saveConfig || isSetByHook(settings, /\b(?:add|set|sync)conf\b/)) return others
  return others.filter(({ publicKey }) => isNamedByHook(settings, publicKey))
}

/** Their allowed IPs that have routes: those routes stay too, and no others are made. */
const keptPrefixes = (kept: Device['peers'], { state }: Seen): Cidr[] => {
  if (kept.length === 0) return []
  const routed = new Set(state.routes.map(({ dst }) => formatCidr(dst)))
  return kept
    .flatMap(({ allowedIps }) => allowedIps.map(maskCidr))
    .filter((cidr) => routed.has(formatCidr(cidr)))
}

/** Peers whose keepalive the file leaves open, with the one that a hook has set. */
const withRunningKeepalive = (peers: DeviceChange['peers'], running: Device): DeviceChange['peers'] => {
  const seconds = new Map(running.peers.map((peer) => [peer.publicKey, peer.keepaliveSeconds]))
  return peers.map((peer) => ({ keepaliveSeconds: seconds.get(peer.publicKey) ?? 0, ...peer }))
}

/** The usual range of random ports (net.ipv4.ip_local_port_range) without WireGuard's own, which people choose. */
export const isRandomPort = (port: number): boolean => port >= 32_768 && port <= 60_999 && port !== 51_820

const withMark = (fwmark: number | undefined): { fwmark?: number } => (fwmark === undefined ? {} : { fwmark })

/**
 * The mark of the device: the file's; else, if a default route or a kill switch needs one, the current or a free one;
 * otherwise none, unless another program set it. Undefined leaves it unchanged.
 */
const wantedMark = (
  change: DeviceChange,
  { fwmark: running }: Device,
  journal: Journal | undefined,
  seen: Seen,
  isNeeded: boolean,
  { freeMark, system }: Surroundings,
  byHook: boolean,
): number | undefined => {
  if (system.forgets) return undefined
  if (change.fwmark) return change.fwmark
  // Without a journal, a mark that `up` would not choose was set by another program.
  const given = journal ? journal.configured?.fwmark : running < firstMark ? running : undefined
  if (isNeeded && system.takesDefaultBy === 'rules') {
    const marks = seen.pairs.map(({ mark }) => mark).filter((mark) => mark !== given)
    const stays = running !== given && (byHook || running === journal?.mark || marks.includes(running))
    return running !== 0 && stays ? running : (marks[0] ?? freeMark)
  }
  return running === 0 || (byHook && change.fwmark === undefined) ? undefined : 0
}

/** Replaces a port that was removed from the file by a random one; a random one stays. */
const port = (
  change: DeviceChange,
  device: Device,
  journal: Journal | undefined,
): { listenPort?: number } => {
  if (change.listenPort) return { listenPort: change.listenPort }
  // Without a journal, a port that the kernel would not choose was set explicitly.
  const before = journal
    ? journal.configured?.listenPort
    : isRandomPort(device.listenPort)
      ? 0
      : device.listenPort
  return before !== undefined && before !== 0 && before === device.listenPort ? { listenPort: 0 } : {}
}

const plainRoutes = (
  routing: ReturnType<typeof readRouting>,
  allowedIps: readonly Cidr[],
  addresses: readonly Cidr[],
  seen: Seen,
  system: Surroundings['system'],
): TunnelRoute[] => {
  const { mainTable, tableNumber } = system
  if (routing.to === 'off') return []
  if (routing.to === 'table') {
    const table = tableNumber(routing.table) ?? mainTable
    const own = table === mainTable ? withoutConnected(system, allowedIps, addresses) : allowedIps
    return own.map((dst) => ({ dst, table }))
  }
  // The kernel makes a route for the network of an address, for IPv6 even for a single address.
  const wide = (cidr: Cidr) => cidr.family === 6 || cidr.prefixLength < 32
  const existing = [
    ...addresses.filter(wide).map(maskCidr),
    ...seen.foreignRoutes.filter(({ table }) => table === mainTable).map(({ dst }) => dst),
  ]
  return planMainRoutes('', allowedIps, existing).flatMap((op) =>
    'dst' in op ? [{ dst: op.dst, table: mainTable }] : [],
  )
}

/** The tunnel's addresses and those that other programs added to the interface. */
const firewallAddresses = (addresses: readonly Cidr[], seen: Seen, family: 4 | 6): string[] => {
  const own = new Set([...seen.state.addresses, ...addresses].map(formatCidr))
  const others = seen.addresses.filter((cidr) => !own.has(formatCidr(cidr)))
  const all = [...addresses, ...others].filter((cidr) => cidr.family === family)
  return asListed(all).map(({ address }) => address)
}

const unique = (cidrs: readonly Cidr[]): Cidr[] => [
  ...new Map(cidrs.map((cidr) => [formatCidr(cidr), cidr])).values(),
]
