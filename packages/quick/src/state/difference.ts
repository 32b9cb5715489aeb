// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
import type { Device, DeviceChange } from '@wgq/model/device'
import type { Family } from '@wgq/model/ip'
import type { Op, Rule } from '@wgq/model/operation'
import { planAsideOn } from '../exceptions/manager.ts'
import { isException, planExceptions } from '../exceptions/rules.ts'
import { planFirewall } from '../firewall/manager.ts'
import { planKillSwitchOn } from '../kill-switch/manager.ts'
import { planAddressChanges } from './address-plan.ts'
import { type Difference, diffDevice, type EndpointMemory, isEmptyChange } from './device-difference.ts'
import { planRuleChanges } from './rule-plan.ts'
import { spelled } from './rules.ts'
import { routeId, type Seen } from './seen.ts'
import type { DnsState, FirewallState, TunnelRoute, TunnelState } from './tunnel-state.ts'

/** In what a tunnel differs from what it is to be, in words, and what makes it so. */
export interface Plan {
  readonly differences: readonly Difference[]
  /** In the order that lets no packet of a full tunnel outside and loses none of what stays. */
  readonly steps: readonly Op[]
  /** Floors to put under the tables of default routes before, because a step opens a gap. */
  readonly floors: readonly Op[]
}

/**
 * Compares a tunnel with what it is to be. Pure. New things come first, the device next, old things go last; the mark
 * changes behind a rule that keeps the encrypted packets of the new one outside.
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
  const bridge = bridges(seen, wanted)
  // A run that was cut off may have left them.
  const built = seen.leftRules.filter((rule) => bridge.some((one) => isSameBridge(one, rule)))
  const rules = planRules(withoutRules(seen, built), wanted)
  const isRaised = (wanted.link.up && !link.up) || link.mtu !== wanted.link.mtu
  const missing = bridge.filter((one) => !built.some((rule) => isSameBridge(one, rule)))
  const protections = planProtections(dev, seen, wanted)
  const dns = planDns(dev, seen, wanted.dns)
  const mark: Op[] = fwmark === undefined ? [] : [{ do: 'device.fwmark', name: real, fwmark }]
  const steps: Op[] = [
    ...protections.killSwitchOn,
    ...(isRaised ? [{ do: 'link.up', dev, mtu: `${wanted.link.mtu}` } as const] : []),
    ...addresses.additions,
    ...(isEmptyChange(rest) ? [] : [{ do: 'device.change', name: real, change: rest } as const]),
    ...routes.additions,
    ...protections.sysctls,
    ...missing.map((rule): Op => ({ do: 'rule.add', rule })),
    ...rules.before,
    ...mark,
    ...rules.additions,
    ...protections.killSwitchRenewed,
    ...rules.after,
    ...bridge.map((rule): Op => ({ do: 'rule.delete', rule })),
    ...routes.removals,
    ...addresses.removals,
    ...routes.replacements,
    ...protections.firewall,
    ...dns.steps,
    ...protections.asideOff,
    ...protections.killSwitchOff,
    ...(link.up && !wanted.link.up ? [{ do: 'link.down', dev } as const] : []),
  ]
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
      ...dns.differences,
    ],
    steps,
    floors: opensGap(seen, wanted, steps) ? floorsFor(seen, wanted) : [],
  }
}

/** The device without the peers that stay whatever is wanted. */
const comparedDevice = (device: Device, wanted: TunnelState): Device => {
  if (!wanted.keepsPeers) return device
  const named = new Set(wanted.device.peers.map(({ publicKey }) => publicKey))
  return { ...device, peers: device.peers.filter(({ publicKey }) => named.has(publicKey)) }
}

interface RouteChanges {
  readonly missing: readonly TunnelRoute[]
  readonly extra: readonly TunnelRoute[]
  readonly additions: readonly Op[]
  readonly removals: readonly Op[]
  /** Routes that take the place of the network of an address that goes: possible only after it went. */
  readonly replacements: readonly Op[]
}

const planRoutes = (dev: string, seen: Seen, wanted: TunnelState): RouteChanges => {
  const idOf = ({ dst, table }: TunnelRoute) => routeId(dst, table)
  const own = seen.state.routes.map(idOf)
  const wantedIds = wanted.routes.map(idOf)
  const present = new Set([...own, ...seen.foreignRoutes.map(idOf)])
  const wants = new Set(wantedIds)
  const missing = wanted.routes.filter((_, at) => !present.has(wantedIds[at] as string))
  const extra = seen.state.routes.filter((_, at) => !wants.has(own[at] as string))
  const where = ({ table }: TunnelRoute) => (table === seen.mainTable ? {} : { table })
  const add = (route: TunnelRoute): Op => ({ do: 'route.add', dev, dst: route.dst, ...where(route) })
  const isReplacement = ({ dst, table }: TunnelRoute) =>
    dst.family === 4 && table === seen.mainTable && seen.networks.has(formatCidr(dst))
  return {
    missing,
    extra,
    additions: missing.filter((route) => !isReplacement(route)).map(add),
    replacements: missing.filter(isReplacement).map(add),
    removals: extra.map((route) => ({
      do: 'route.delete',
      dev,
      dst: route.dst,
      ...where(route),
      ...(route.metric === undefined || route.dst.family === 4 ? {} : { metric: route.metric }),
      ...(route.protocol === undefined ? {} : { protocol: route.protocol }),
    })),
  }
}

interface RuleChanges {
  readonly before: readonly Op[]
  readonly additions: readonly Op[]
  readonly after: readonly Op[]
  readonly missing: readonly Rule[]
  readonly extra: readonly Rule[]
}

const planRules = (seen: Seen, wanted: TunnelState): RuleChanges => {
  const plans = ([4, 6] as const).map((family) => {
    const plan = planRuleChanges(
      family,
      markOf(wanted, family),
      seen.pairs.filter((pair) => pair.family === family),
      seen.leftRules.filter((rule) => rule.family === family),
      seen.allRules.filter((rule) => rule.family === family),
      wanted.rulePlaces?.[family],
    )
    const ofFamily = (rules: readonly Rule[]) =>
      rules.filter((rule) => rule.family === family && isException(rule))
    const { missing, extra } = planExceptions(
      ofFamily(seen.state.rules),
      ofFamily(wanted.rules),
      plan.suppress,
    )
    return {
      before: plan.before,
      additions: [...plan.additions, ...missing.map((rule): Op => ({ do: 'rule.add', rule }))],
      after: [...extra.map((rule): Op => ({ do: 'rule.delete', rule: spelled(rule) })), ...plan.after],
      missing: [...plan.missing, ...missing],
      extra: [...plan.extra, ...extra],
    }
  })
  return {
    before: plans.flatMap(({ before }) => before),
    additions: plans.flatMap(({ additions }) => additions),
    after: plans.flatMap(({ after }) => after),
    missing: plans.flatMap(({ missing }) => missing),
    extra: plans.flatMap(({ extra }) => extra),
  }
}

/** The mark of the default route of a family; undefined where none is taken by rules. */
const markOf = (state: Pick<TunnelState, 'rules'>, family: Family): number | undefined =>
  state.rules.find((rule) => rule.family === family && rule.notFwmark !== undefined)?.notFwmark

/**
 * While the device changes to another mark one of two pairs of rules sends its packets back into the tunnel: this rule,
 * before all others, does not.
 */
const bridges = (seen: Seen, wanted: TunnelState): Rule[] =>
  ([4, 6] as const).flatMap((family) => {
    const mark = markOf(wanted, family)
    const hasOther = seen.pairs.some((pair) => pair.family === family && pair.mark !== mark)
    return mark !== undefined && hasOther ? [{ family, table: 'main', fwmark: mark, preference: 1 }] : []
  })

const isSameBridge = (a: Rule, b: Rule): boolean =>
  a.family === b.family && a.fwmark === b.fwmark && a.preference === b.preference

const withoutRules = (seen: Seen, rules: readonly Rule[]): Seen => ({
  ...seen,
  leftRules: seen.leftRules.filter((rule) => !rules.includes(rule)),
  allRules: seen.allRules.filter((rule) => !rules.includes(rule)),
})

interface Protections {
  readonly killSwitchOn: readonly Op[]
  readonly killSwitchRenewed: readonly Op[]
  readonly killSwitchOff: readonly Op[]
  readonly asideOff: readonly Op[]
  readonly sysctls: readonly Op[]
  readonly firewall: readonly Op[]
  readonly differences: readonly Difference[]
}

const planProtections = (dev: string, { state }: Seen, wanted: TunnelState): Protections => {
  const on = wanted.killSwitch
  const has = state.killSwitch
  const same =
    on &&
    has &&
    on.mark === has.mark &&
    on.resolvers.join() === has.resolvers.join() &&
    sameAllow(on.allow, has.allow)
  const { aside } = wanted
  const sameAside = asideText(aside) === asideText(state.aside)
  const renew: Op[] = on && !same ? [planKillSwitchOn(dev, on)] : []
  const sysctls = Object.entries(wanted.sysctls).filter(([key, value]) => state.sysctls[key] !== value)
  const firewallIsRight = sameFirewall(state.firewall, wanted.firewall)
  return {
    killSwitchOn: has ? [] : renew,
    killSwitchRenewed: [...(has ? renew : []), ...(aside && !sameAside ? [planAsideOn(dev, aside)] : [])],
    asideOff: state.aside && !aside ? [{ do: 'aside.off', dev }] : [],
    killSwitchOff: has && !on ? [{ do: 'killswitch.off', dev }] : [],
    sysctls: sysctls.map(([key, value]) => ({
      do: 'sysctl.set',
      key,
      value,
      ...(state.sysctls[key] === undefined ? {} : { previous: state.sysctls[key] }),
    })),
    firewall: firewallIsRight ? [] : planFirewall(dev, wanted.firewall, state.firewall),
    differences: [
      ...sysctls.map(([key, value]) => ({
        object: 'sysctl',
        id: key,
        running: state.sysctls[key] ?? '(none)',
        wanted: value,
      })),
      ...(firewallIsRight
        ? []
        : [{ object: 'firewall', ...sides(firewallText(state.firewall), firewallText(wanted.firewall)) }]),
      ...(same || (!on && !has)
        ? []
        : [{ object: 'kill switch', running: killSwitchText(has), wanted: killSwitchText(on) }]),
      ...(sameAside
        ? []
        : [{ object: 'exceptions', running: asideText(state.aside), wanted: asideText(aside) }]),
    ],
  }
}

const killSwitchText = (state: TunnelState['killSwitch']): string =>
  state
    ? [
        'on',
        ...(state.mark === 0 ? [] : [`mark 0x${state.mark.toString(16)}`]),
        ...(state.allow ? [`allows ${state.allow.join(' ')}`] : []),
      ].join(', ')
    : 'off'

/** Each family has networks of its own, so that their order among both says nothing. */
const sameAllow = (a: readonly string[] = [], b: readonly string[] = []): boolean =>
  [...a].sort().join() === [...b].sort().join()

const asideText = (state: TunnelState['aside']): string =>
  state ? `${state.allow.join(', ')}, mark 0x${state.mark.toString(16)}` : 'off'

const sameFirewall = (a: FirewallState | undefined, b: FirewallState | undefined): boolean =>
  firewallText(a) === firewallText(b)

const firewallText = (state: FirewallState | undefined): string | undefined =>
  state &&
  `${state.tool}: ${state.families
    .map(({ family, mark, addresses }) =>
      `IPv${family} mark 0x${mark.toString(16)} ${[...addresses].sort().join(' ')}`.trim(),
    )
    .join(', ')}`

const sides = (
  running: string | undefined,
  wanted: string | undefined,
): Pick<Difference, 'running' | 'wanted'> => ({
  ...(running === undefined ? {} : { running }),
  ...(wanted === undefined ? {} : { wanted }),
})

const planDns = (
  dev: string,
  { state: { dns: seen }, dnsManager }: Seen,
  wanted: DnsState | undefined,
): { readonly steps: readonly Op[]; readonly differences: readonly Difference[] } => {
  // Where somebody else wrote over it there may be a backup still.
  const told = seen?.manager ?? dnsManager
  const unset: Op[] =
    told === undefined || told === wanted?.manager ? [] : [{ do: 'dns.unset', dev, manager: told }]
  if (dnsText(seen) === dnsText(wanted)) return { steps: wanted ? [] : unset, differences: [] }
  return {
    steps: [...unset, ...(wanted ? [{ do: 'dns.set', dev, ...wanted } as const] : [])],
    differences: [{ object: 'dns', running: dnsText(seen) || '(none)', wanted: dnsText(wanted) || '(none)' }],
  }
}

const dnsText = (state: DnsState | undefined): string =>
  state === undefined ? '' : [...state.servers, ...state.search].join(' ')

/** A default route as a whole where nothing of it is there, or all of it is to go; else piece by piece. */
const inWords = (seen: Seen, wanted: TunnelState, routes: RouteChanges, rules: RuleChanges): Difference[] => {
  const whole = new Map<Family, 'wanted' | 'running'>()
  for (const family of [4, 6] as const) {
    const isDefault = ({ dst }: TunnelRoute) => dst.family === family && dst.prefixLength === 0
    if (seen.takesDefaultBy === 'rules') {
      const had = seen.pairs.some((pair) => pair.family === family)
      const wants = markOf(wanted, family) !== undefined
      if (wants && !had && routes.missing.some(isDefault)) whole.set(family, 'wanted')
      if (had && !wants) whole.set(family, 'running')
    } else if (seen.takesDefaultBy === 'halves') {
      const inMain = (route: TunnelRoute) => isDefault(route) && route.table === seen.mainTable
      if (routes.missing.some(inMain)) whole.set(family, 'wanted')
      if (routes.extra.some(inMain)) whole.set(family, 'running')
    }
  }
  const isPart = ({ dst, table }: TunnelRoute) =>
    dst.prefixLength === 0 &&
    whole.has(dst.family) &&
    (table === seen.mainTable) === (seen.takesDefaultBy === 'halves')
  const list = (all: readonly TunnelRoute[], side: 'wanted' | 'running'): Difference[] =>
    all
      .filter((route) => !isPart(route))
      .map(({ dst, table }) => ({
        object: 'route',
        id: formatCidr(dst),
        [side]: `table ${table === seen.mainTable ? 'main' : table}`,
      }))
  const name = (all: readonly Rule[], side: 'wanted' | 'running'): Difference[] =>
    all
      .filter(({ family }) => !whole.has(family))
      .map((rule) => ({ object: 'rule', id: ruleText(rule), [side]: 'present' }))
  return [
    ...list(routes.missing, 'wanted'),
    ...list(routes.extra, 'running'),
    ...name(rules.missing, 'wanted'),
    ...name(rules.extra, 'running'),
    ...[...whole].map(([family, side]) => ({
      object: 'default route',
      id: family === 4 ? '0.0.0.0/0' : '::/0',
      [side]: 'through the tunnel',
    })),
  ]
}

const ruleText = ({ family, table, notFwmark, fwmark, suppressPrefixLength, selectors }: Rule): string =>
  [
    `IPv${family}`,
    ...(selectors?.to ? [`to ${formatCidr(selectors.to)}`] : []),
    ...(selectors?.uidRange ? [`uidrange ${selectors.uidRange.join('-')}`] : []),
    ...(notFwmark === undefined ? [] : [`not fwmark ${notFwmark}`]),
    ...(fwmark === undefined ? [] : [`fwmark ${fwmark}`]),
    `table ${table === 254 ? 'main' : table}`,
    ...(suppressPrefixLength === undefined ? [] : [`suppress_prefixlength ${suppressPrefixLength}`]),
  ].join(' ')

/**
 * Says whether a step takes routes of a default route away for a moment, or whether they are gone already: an address that
 * goes may take all of its family along.
 */
const opensGap = (seen: Seen, wanted: TunnelState, steps: readonly Op[]): boolean =>
  wanted.rules.length > 0 &&
  (!seen.link.up ||
    steps.some(
      (op) =>
        op.do === 'address.delete' ||
        op.do === 'device.fwmark' ||
        (op.do === 'route.add' && op.dst.prefixLength === 0 && seen.pairs.length > 0),
    ))

const floorsFor = (seen: Seen, wanted: TunnelState): Op[] => {
  const there = new Set(seen.floors.map(({ family, table }) => `${family} ${table}`))
  const pairs = [
    ...seen.pairs.map(({ family, mark }) => ({ family, table: mark })),
    ...([4, 6] as const).flatMap((family) => {
      const table = markOf(wanted, family)
      return table === undefined ? [] : [{ family, table }]
    }),
  ].filter(({ family }) => markOf(wanted, family) !== undefined)
  const unique = new Map(pairs.map((pair) => [`${pair.family} ${pair.table}`, pair]))
  return [...unique].filter(([id]) => !there.has(id)).map(([, pair]) => ({ do: 'floor.add', ...pair }))
}
