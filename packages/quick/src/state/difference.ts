// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
import type { Device, DeviceChange } from '@wgq/model/device'
import type { Op } from '@wgq/model/operation'
import { planAddressChanges } from './address-plan.ts'
import { type Difference, diffDevice, type EndpointMemory, isEmptyChange } from './device-difference.ts'
import { planDns } from './dns-difference.ts'
import { planFloors } from './floor-difference.ts'
import { planProtections } from './protection-difference.ts'
import { planRoutes } from './route-difference.ts'
import { inWords } from './routing-words.ts'
import { planRules } from './rule-difference.ts'
import type { Seen } from './seen.ts'
import type { TunnelState } from './tunnel-state.ts'

/** How a tunnel differs from the wanted state, in words, and the steps that fix it. */
export interface Plan {
  readonly differences: readonly Difference[]
  /** Ordered so that no packet of a full tunnel leaves outside it and nothing that stays is lost. */
  readonly steps: readonly Op[]
  /** Floors to add to the tables of default routes before all steps. */
  readonly floors: readonly Op[]
}

/**
 * Compares a tunnel with its wanted state. Pure. Additions come first, the device next, removals last; while the mark
 * changes, a rule keeps encrypted packets with the new one outside.
 */
export const difference = (seen: Seen, wanted: TunnelState, memory: EndpointMemory, dev: string): Plan => {
  const { real, state, link } = seen
  const device = diffDevice(comparedDevice(state.device, wanted), wanted.device as DeviceChange, memory)
  const { fwmark, ...rest } = device.change
  const addresses = planAddressChanges({
    dev,
    present: seen.addresses,
    own: new Set(state.addresses.map(formatCidr)),
    wanted: wanted.addresses,
    cutOff: seen.cutOff,
    promotes: seen.promotes,
    isOrdered: seen.isOrdered,
  })
  const routes = planRoutes(dev, seen, wanted)
  const rules = planRules(seen, wanted)
  const isRaised = (wanted.link.up && !link.up) || link.mtu !== wanted.link.mtu
  const protections = planProtections(dev, seen, wanted)
  const dns = wanted.leavesDns ? { steps: [], differences: [] } : planDns(dev, seen, wanted.dns)
  const mark: Op[] = fwmark === undefined ? [] : [{ do: 'device.fwmark', name: real, fwmark }]
  const steps: Op[] = [
    ...protections.killSwitchOn,
    ...(isRaised ? [{ do: 'link.up', dev, mtu: `${wanted.link.mtu}` } as const] : []),
    ...addresses.additions,
    ...(isEmptyChange(rest) ? [] : [{ do: 'device.change', name: real, change: rest } as const]),
    ...routes.additions,
    ...protections.sysctls,
    ...rules.before,
    ...mark,
    ...rules.additions,
    ...protections.killSwitchRenewed,
    ...rules.after,
    ...routes.removals,
    ...addresses.removals,
    ...routes.replacements,
    ...protections.firewall,
    ...dns.steps,
    ...protections.asideOff,
    ...protections.killSwitchOff,
    ...(link.up && !wanted.link.up ? [{ do: 'link.down', dev } as const] : []),
  ]
  const floors = planFloors(seen, wanted, steps)
  return {
    differences: [
      ...device.differences,
      ...(link.up ? [] : [{ object: 'link', running: 'down', wanted: 'up' }]),
      ...(link.mtu === wanted.link.mtu
        ? []
        : [{ object: 'mtu', running: `${link.mtu}`, wanted: `${wanted.link.mtu}` }]),
      ...addresses.differences,
      ...inWords(seen, wanted, routes, rules),
      ...protections.differences,
      ...floors.differences,
      ...dns.differences,
    ],
    steps,
    floors: floors.additions,
  }
}

/** The device without the peers that are kept although the file lacks them. */
const comparedDevice = (device: Device, wanted: TunnelState): Device => {
  const kept = new Set(wanted.keptPeers)
  return kept.size === 0
    ? device
    : { ...device, peers: device.peers.filter(({ publicKey }) => !kept.has(publicKey)) }
}
