// SPDX-License-Identifier: MIT

import { planFirewall } from '@wgq/firewall/default-route/manager'
import { planAsideOn } from '@wgq/firewall/exceptions/aside'
import { planKillSwitchOn, whileMarkMoves } from '@wgq/firewall/kill-switch/plan'
import type { FirewallState } from '@wgq/firewall/state'
import type { Op } from '@wgq/model/operation'
import type { Difference } from './device-difference.ts'
import type { Seen } from './seen.ts'
import type { TunnelState } from './tunnel-state.ts'

/** Changes to packet filters and sysctls; each list has its place among the other steps. */
interface Protections {
  readonly killSwitchOn: readonly Op[]
  readonly killSwitchRenewed: readonly Op[]
  readonly killSwitchOff: readonly Op[]
  readonly asideOff: readonly Op[]
  readonly sysctls: readonly Op[]
  readonly firewall: readonly Op[]
  readonly differences: readonly Difference[]
}

/** Compares the kill switch, the marks of exceptions, the firewall and sysctls. */
export const planProtections = (
  dev: string,
  { state, isAltered }: Seen,
  wanted: TunnelState,
): Protections => {
  const on = wanted.killSwitch
  const exists = state.killSwitch
  const has = isAltered.killSwitch ? undefined : exists
  const same =
    on &&
    has &&
    on.mark === has.mark &&
    on.alsoMark === has.alsoMark &&
    on.resolvers.join() === has.resolvers.join() &&
    sameAllow(on.allow, has.allow)
  const { aside } = wanted
  const sameAside = !isAltered.aside && asideText(aside) === asideText(state.aside)
  // Encrypted packets carry the old mark until the device has the new one.
  const { fwmark: now = 0 } = state.device
  const { fwmark: next = now } = wanted.device
  const guard = has ?? on ?? exists
  const first = guard && whileMarkMoves(guard, now, next)
  const sysctls = Object.entries(wanted.sysctls).filter(([key, value]) => state.sysctls[key] !== value)
  const firewallIsRight = sameFirewall(state.firewall, wanted.firewall)
  return {
    killSwitchOn: first && first !== exists ? [planKillSwitchOn(dev, first)] : [],
    killSwitchRenewed: [
      ...(has && on && !same ? [planKillSwitchOn(dev, on)] : []),
      ...(aside && !sameAside ? [planAsideOn(dev, aside)] : []),
    ],
    asideOff: state.aside && !aside ? [{ do: 'aside.off', dev }] : [],
    killSwitchOff: exists && !on ? [{ do: 'killswitch.off', dev }] : [],
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
      ...(same || (!on && !exists)
        ? []
        : [
            {
              object: 'kill switch',
              running: isAltered.killSwitch ? 'altered' : killSwitchText(has),
              wanted: killSwitchText(on),
            },
          ]),
      ...(sameAside
        ? []
        : [
            {
              object: 'exceptions',
              running: isAltered.aside ? 'altered' : asideText(state.aside),
              wanted: asideText(aside),
            },
          ]),
    ],
  }
}

const killSwitchText = (state: TunnelState['killSwitch']): string =>
  state
    ? [
        'on',
        ...(state.mark === 0 ? [] : [`mark 0x${state.mark.toString(16)}`]),
        ...(state.alsoMark === undefined ? [] : [`and 0x${state.alsoMark.toString(16)}`]),
        ...(state.allow ? [`allows ${state.allow.join(' ')}`] : []),
      ].join(', ')
    : 'off'

/** Each family has its own networks, so the order between families is irrelevant. */
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
