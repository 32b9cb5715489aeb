// SPDX-License-Identifier: MIT
import type { DeviceChange } from '@wgq/model/device'
import type { Key } from '@wgq/model/key'
import type { Op } from '@wgq/model/operation'
import { performProtection } from './lenient.ts'
import { renewDns } from './name-servers/set.ts'
import { Failure } from './run/failure.ts'
import type { Run } from './run/run.ts'
import type { EndpointMemory } from './state/device-difference.ts'
import { difference, type Plan } from './state/difference.ts'
import { floorId, notedFloors, planFloorRemoval } from './state/floors.ts'
import { isDefault } from './state/routes.ts'
import { look, lookAtDevice, type Seen } from './state/seen.ts'
import type { TunnelState } from './state/tunnel-state.ts'
import { restoreSysctls } from './systems/linux/sysctls.ts'

/** What a tunnel is to be, and what decides about endpoints and preshared keys. */
export interface Target {
  readonly wanted: TunnelState
  readonly memory: EndpointMemory
}

/** How often the state is read again: the kernel may remove more than was asked for, and that is put back. */
const mostPasses = 4

/**
 * Carries a plan out that was made of `before`, and looks again until nothing differs. `note` is called after each pass.
 * Floors come before the first step; those that are not to stay go last. Raises {@link Failure} where something still
 * differs in the end.
 */
export const converge = async (
  run: Run,
  before: Seen,
  first: Plan,
  { wanted, memory }: Target,
  note: () => void,
): Promise<void> => {
  const { session, keeper } = run
  await run.perform(first.floors)
  let plan = first
  let seen = before
  for (let pass = 0; plan.steps.length > 0; pass++) {
    if (pass === mostPasses) {
      session.dependencies.print(
        `[!] ${run.name} does not become what its file says: ${plan.differences.map(({ object, id = '' }) => `${object} ${id}`.trim()).join(', ')}.\n`,
      )
      throw new Failure(1)
    }
    await perform(run, plan.steps, wanted)
    note()
    const isDeviceOnly = plan.steps.every((op) => op.do === 'device.change') && plan.floors.length === 0
    seen = isDeviceOnly ? await lookAtDevice(session, seen) : await look(session, keeper?.journal)
    plan = difference(seen, attainable(wanted, keeper?.journal.without ?? []), memory, run.name)
  }
  const noted = keeper?.journal.undo ?? []
  const stays = new Set((wanted.floors ?? []).map(floorId))
  const passing = notedFloors(noted).filter((floor) => !stays.has(floorId(floor)))
  const status = await run.unstoppable.attempt([
    ...(await planFloorRemoval(session.dependencies.host, passing)),
    // Where a step failed in between.
    ...noted.flatMap((op): Op[] =>
      op.do === 'sysctl.set' && op.key.endsWith('/promote_secondaries')
        ? [{ do: op.do, key: op.key, value: op.value }]
        : [],
    ),
  ])
  if (status !== 0) throw new Failure(status)
  if (Object.keys(wanted.sysctls).length === 0) restoreSysctls(run)
  await run.system.keepEndpoints(run)
}

/** Name servers are set as by `up`: what the machine does not take is said, and fails a tunnel for everything alone. */
const perform = async (run: Run, steps: readonly Op[], wanted: TunnelState): Promise<void> => {
  const at = run.system.name === 'linux' ? steps.findIndex((op) => op.do === 'dns.set') : -1
  const set = steps[at]
  if (set?.do !== 'dns.set') return performProtection(run, steps)
  await performProtection(run, steps.slice(0, at))
  const { peers } = wanted.device as DeviceChange
  const takesAll = peers.some(({ allowedIps = [] }) => allowedIps.some(isDefault))
  await renewDns(run, set, takesAll)
  await performProtection(run, steps.slice(at + 1))
}

/** A port that was asked for as "any" is the one that was given; what the machine refused is not asked for again. */
const attainable = (wanted: TunnelState, without: readonly string[]): TunnelState => {
  const { listenPort, ...device } = wanted.device as DeviceChange
  const { firewall, ...others } = wanted
  return {
    ...others,
    ...(firewall && !without.includes('firewall') ? { firewall } : {}),
    ...(listenPort === 0 ? { device } : {}),
    ...(without.includes('sysctl') ? { sysctls: {} } : {}),
    ...(without.includes('dns') ? { leavesDns: true } : {}),
  }
}

/** What was seen as something to go back to: every value of the device is given. */
export const asBefore = ({ state }: Pick<Seen, 'state'>): TunnelState => {
  const { device } = state
  const zero = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' as Key
  const ofFamily = (family: 4 | 6) => state.addresses.filter((cidr) => cidr.family === family)
  return {
    ...state,
    // In the order they came: IPv6 lists the newest first.
    addresses: [...ofFamily(4), ...ofFamily(6).reverse()],
    device: {
      // boringtun keeps its private key to itself, so that it cannot be given back.
      ...(device.privateKey === undefined && device.publicKey
        ? {}
        : { privateKey: device.privateKey ?? zero }),
      listenPort: device.listenPort,
      fwmark: device.fwmark,
      peers: device.peers.map(
        ({ publicKey, presharedKey = zero, endpoint, allowedIps, keepaliveSeconds }) => ({
          publicKey,
          presharedKey,
          ...(endpoint ? { endpoint } : {}),
          allowedIps,
          keepaliveSeconds,
        }),
      ),
    },
  }
}
