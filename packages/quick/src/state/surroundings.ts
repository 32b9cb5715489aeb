// SPDX-License-Identifier: MIT

import { chooseTool } from '@wgq/firewall/default-route/choose'
import type { DeviceChange } from '@wgq/model/device'
import type { Host } from '@wgq/model/host'
import type { Key } from '@wgq/model/key'
import { isLenient } from '../lenient.ts'
import type { Journal } from '../run/journal.ts'
import type { Session } from '../session.ts'
import { freeMark } from '../systems/linux/default-routes.ts'
import { hostBeside } from '../systems/linux/host-beside.ts'
import type { EndpointMemory } from './device-difference.ts'
import { isIpv6Off, needsIpv6, refuseIpv6Outside } from './ipv6-off.ts'
import { isSetByHook } from './mentioned.ts'
import { isDefault } from './routes.ts'
import { placeBehind } from './rule-place.ts'
import type { Seen } from './seen.ts'
import type { TunnelState } from './tunnel-state.ts'
import { wantedState } from './wanted.ts'

/** {@link wantedState} with the surroundings of a session; `outside` is the host from which encrypted packets leave. */
export const want = async (
  session: Session,
  outside: Host,
  change: DeviceChange,
  seen: Seen,
  journal: Journal | undefined,
): Promise<TunnelState> => {
  const { system, settings, into } = session
  const withoutIpv6 = isLenient(session) && isIpv6Off(session)
  const allowedIps = change.peers.flatMap((peer) => peer.allowedIps ?? [])
  await refuseIpv6Outside(session, allowedIps, 'running')
  const ipv6 = needsIpv6(session, allowedIps) && !withoutIpv6
  const dns = await system.wantedDns(session)
  return wantedState(settings, change, seen, journal, {
    system,
    isInside: into !== undefined,
    killSwitch: session.killSwitch ?? false,
    withoutIpv6,
    without: journal?.without ?? [],
    mtu: await wantedMtu(session, outside, change, seen, ipv6),
    freeMark: system.takesDefaultBy === 'rules' && into === undefined ? await freeMark(session) : 0,
    // Read only if a default route is possible, because only that has a firewall.
    firewallTool:
      system.name === 'linux' && mayTakeDefault(change, seen) && hasFirewall(session)
        ? await chooseTool(session.dependencies, session.style)
        : undefined,
    allow: session.exceptions?.allow ?? [],
    leavingPeers: session.leavingPeers ?? [],
    rulePlaces: await rulePlaces(session, seen),
    dns,
  })
}

/** The file's place, else behind more specific tables; wg-quick leaves it to the kernel. */
const rulePlaces = async (
  { system, style, into, exceptions, dependencies: { host } }: Session,
  { allRules, pairs }: Pick<Seen, 'allRules' | 'pairs'>,
): Promise<TunnelState['rulePlaces']> => {
  if (style !== 'wgq' || into !== undefined || system.takesDefaultBy !== 'rules') return undefined
  const before = exceptions?.before
  if (before !== undefined) return { 4: { before }, 6: { before } }
  const own = new Set(pairs.flatMap(({ notMark, suppress }) => [notMark, suppress]))
  const others = allRules.filter((rule) => !own.has(rule))
  const [ipv4, ipv6] = [await placeBehind(host, 4, others), await placeBehind(host, 6, others)]
  return { ...(ipv4 ? { 4: ipv4 } : {}), ...(ipv6 ? { 6: ipv6 } : {}) }
}

const mayTakeDefault = (change: DeviceChange, { state }: Seen): boolean =>
  [...change.peers, ...state.device.peers].some(({ allowedIps }) => allowedIps?.some(isDefault))

const hasFirewall = ({ dependencies }: Session): boolean =>
  dependencies.find('nft') !== undefined || dependencies.find('iptables-restore') !== undefined

/**
 * The file's MTU, else (if no hook sets one) that of a fresh `up`, ignoring the tunnel's own routes. Encrypted packets
 * leave through `outside`.
 */
const wantedMtu = async (
  session: Session,
  outside: Host,
  change: DeviceChange,
  seen: Seen,
  ipv6: boolean,
): Promise<number> => {
  const { settings, system, dependencies } = session
  if (settings.mtu === undefined && isSetByHook(settings, /\bmtu\b/i)) return seen.link.mtu
  const host = hostBeside(outside, seen.real, seen.state.device.fwmark)
  const quiet = { ...session, dependencies: { ...dependencies, host, print: () => {} } }
  const chosen = Number(await system.chooseMtu(quiet, change.peers, ipv6))
  // The system rejects what is not a number.
  return Number.isFinite(chosen) ? chosen : seen.link.mtu
}

/** Reads the previous configuration from the journal; without one every preshared key counts as set by a file. */
export const memoryOf = (
  journal: Journal | undefined,
  { state }: Seen,
  { settings }: Session,
): EndpointMemory => ({
  configured: new Map(Object.entries(journal?.configured?.endpoints ?? {}) as [Key, string][]),
  presharedKeys: new Set(
    journal || isSetByHook(settings, /preshared-key|psk|rosenpass/i)
      ? (journal?.configured?.presharedKeys ?? [])
      : state.device.peers.map(({ publicKey }) => publicKey),
  ),
})
