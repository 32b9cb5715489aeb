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
import { noteSharedSysctls, restoreSysctls } from './systems/linux/sysctls.ts'

/** The wanted state of a tunnel, and the memory that decides about endpoints and preshared keys. */
export interface Target {
  readonly wanted: TunnelState
  readonly memory: EndpointMemory
}

/** Maximum number of passes: the kernel may remove more than was requested, and a further pass restores that. */
const mostPasses = 4

/**
 * Carries out a plan made from `before`, then reads the state again until nothing differs. Calls `note` after each
 * pass. Adds floors before the first step and removes temporary ones last. Raises {@link Failure} if something still
 * differs at the end.
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
    // Left set if a step failed in between.
    ...noted.flatMap((op): Op[] =>
      op.do === 'sysctl.set' && op.key.endsWith('/promote_secondaries')
        ? [{ do: op.do, key: op.key, value: op.value }]
        : [],
    ),
  ])
  if (status !== 0) throw new Failure(status)
  if (Object.keys(wanted.sysctls).length === 0) restoreSysctls(run)
  else noteSharedSysctls(run)
  await run.system.keepEndpoints(run)
}

/** Sets name servers as `up` does: prints what the machine rejects; fails only for a tunnel that takes everything. */
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

/** Drops what cannot converge: a port requested as "any" keeps its number; what the machine refused is not retried. */
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

/** The seen state as a target to roll back to: it gives every value of the device. */
export const asBefore = ({ state }: Pick<Seen, 'state'>): TunnelState => {
  const { device } = state
  const zero = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' as Key
  const ofFamily = (family: 4 | 6) => state.addresses.filter((cidr) => cidr.family === family)
  return {
    ...state,
    // In the order of their addition: IPv6 lists the newest first.
    addresses: [...ofFamily(4), ...ofFamily(6).reverse()],
    device: {
      // boringtun never reveals its private key, so it cannot be restored.
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
