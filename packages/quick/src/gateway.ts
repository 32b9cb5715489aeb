// SPDX-License-Identifier: MIT

import { hasAnyOfGateway, hasGateway } from '@wgq/firewall/gateway/act'
import { type ForwardingNeed, forwardingNeeds, planForwarding } from '@wgq/firewall/gateway/forwarding'
import type { GatewayWanted } from '@wgq/firewall/gateway/wanted'
import { formatCidr, maskCidr, parseCidr } from '@wgq/model/cidr'
import type { Op } from '@wgq/model/operation'
import type { Journal, NotedGateway } from './run/journal.ts'
import { notedByOthers } from './run/journal-files.ts'
import type { Run } from './run/run.ts'
import type { Session } from './session.ts'
import type { Difference } from './state/device-difference.ts'
import { usableAddresses } from './state/ipv6-off.ts'

/** Sets up forwarding and the gateway of a session if its file requests one. Raises {@link Failure}. */
export const openGateway = async (run: Run): Promise<void> => {
  const { session } = run
  const { gateway } = session
  if (!gateway) return
  await run.perform(planForwarding(session.dependencies, await needsOf(session), notedByOthers(session)))
  await perform(run, { ...gateway, networks: networksOf(session) })
}

/** Undoes what a journal notes of a gateway and of exceptions. Resolves to the status of what failed, or 0. */
export const closeGateway = async (run: Run, journal: Journal | undefined): Promise<number> =>
  run.attempt((journal?.undo ?? []).filter((op) => isOfGateway(op) || op.do === 'aside.off').reverse())

/** Compares the gateway with the file: parts may have been removed by others, or the file may have changed since. */
export const gatewayDifferences = async (
  session: Session,
  journal: Journal | undefined,
): Promise<Difference[]> => {
  const { gateway, dependencies, name } = session
  const noted = (journal?.undo ?? []).some((op) => op.do === 'gateway.off')
  if (!gateway) return noted ? [{ object: 'gateway', running: 'on' }] : []
  const missing = (await needsOf(session)).flatMap(({ key, value }): Difference[] => {
    const running = dependencies.readSysctl(key)
    return running === undefined || running === value
      ? []
      : [{ object: 'sysctl', id: key, running, wanted: value }]
  })
  if (noted && (await hasGateway(dependencies, name, gateway, networksOf(session)))) return missing
  const some = await hasAnyOfGateway(dependencies, name)
  return [...missing, { object: 'gateway', running: some ? 'incomplete' : 'off', wanted: textOf(gateway) }]
}

/** Brings the gateway of a running tunnel in line with its file. Raises {@link Failure}. */
export const renewGateway = (run: Run): Promise<void> =>
  replaceGateway(run, run.session.gateway && { ...run.session.gateway, networks: networksOf(run.session) })

/** Restores the gateway of an earlier journal of the tunnel. Raises {@link Failure}. */
export const restoreGateway = async (run: Run, before: Journal | undefined): Promise<void> => {
  const was = runningGateway(before)
  if (JSON.stringify(was) !== JSON.stringify(runningGateway(run.keeper?.journal)))
    await replaceGateway(run, was)
}

const runningGateway = (journal: Journal | undefined): NotedGateway | undefined =>
  journal?.undo.some((op) => op.do === 'gateway.off') ? journal.gateway : undefined

const replaceGateway = async (run: Run, wanted: NotedGateway | undefined): Promise<void> => {
  const noted = (run.keeper?.journal.undo ?? []).filter(isOfGateway)
  const { session } = run
  if (!wanted) {
    await run.perform([...noted].reverse())
    return
  }
  // Set again, with the original values as inverses.
  const cidrs = wanted.networks.flatMap((text) => parseCidr(text) ?? [])
  const needs = await forwardingNeeds(
    session.dependencies,
    cidrs.map((cidr) => ({ cidr })),
  )
  const former = noted.filter((op) => op.do === 'forwarding.unset')
  const first = planForwarding(session.dependencies, needs, [...former, ...notedByOthers(session)])
  run.keeper?.settle(noted.filter((op) => needs.some(({ key }) => 'key' in op && op.key === key)))
  await run.perform(first)
  await run.perform(former.filter(({ key }) => !needs.some((need) => need.key === key)))
  run.keeper?.settle([{ do: 'gateway.off', dev: run.name }])
  await perform(run, wanted)
}

const perform = async (run: Run, gateway: NotedGateway): Promise<void> => {
  run.keeper?.update({ gateway })
  await run.perform([{ do: 'gateway.on', dev: run.name, ...gateway }])
}

const isOfGateway = (op: Op): op is Extract<Op, { do: 'gateway.off' | 'forwarding.unset' }> =>
  op.do === 'gateway.off' || op.do === 'forwarding.unset'

const addressesOf = (session: Session) =>
  usableAddresses(session).flatMap(({ value }) => parseCidr(value) ?? [])

const networksOf = (session: Session): string[] => [
  ...new Set(addressesOf(session).map((cidr) => formatCidr(maskCidr(cidr)))),
]

const needsOf = (session: Session): Promise<ForwardingNeed[]> =>
  forwardingNeeds(
    session.dependencies,
    addressesOf(session).map((cidr) => ({ cidr })),
  )

const textOf = ({ masquerade, inward }: GatewayWanted): string =>
  [masquerade === undefined ? undefined : `masquerade ${masquerade}`, inward ? 'forward' : undefined]
    .filter(Boolean)
    .join(', ')
