// SPDX-License-Identifier: MIT
import { maskCidr } from '@wgq/model/cidr'
import type { DeviceChange, Peer } from '@wgq/model/device'
import type { Family } from '@wgq/model/ip'
import type { Key } from '@wgq/model/key'
import type { Op } from '@wgq/model/operation'
import { notWireGuard } from '../not-wireguard.ts'
import { type HostPlan, planHost } from '../reload/host-plan.ts'
import { configuredBy } from '../run/configured.ts'
import { Failure, Interrupted } from '../run/failure.ts'
import { type Journal, JournalKeeper, makeRunDirectory, readJournal, startJournal } from '../run/journal.ts'
import { spellChange } from '../run/spell-change.ts'
import { type Difference, diffDevice, isEmptyChange } from '../state/device-difference.ts'
import { isDefault, readRouting, sortedAllowedIps } from '../state/routes.ts'
import { keepEndpointRoutes } from './keep-endpoint-routes.ts'
import { realWireGuard } from './real-name.ts'
import { BsdRunner } from './runner.ts'
import type { BsdAround } from './system.ts'
import { recoverBsd, removeEndpointRoutes } from './undo.ts'

/** What differs between a file and its running tunnel on a BSD. */
export interface BsdReloadPlan {
  readonly differences: readonly Difference[]
  readonly deviceChange: DeviceChange
  readonly wanted: DeviceChange
  readonly host: HostPlan
  readonly dnsDiffers: boolean
  /** The system's name of the interface. */
  readonly real: string
}

/** Compares a running tunnel with its file; changes nothing. Raises `E_NOT_WIREGUARD`, and what reading the file raises. */
export const planBsdReload = async (around: BsdAround): Promise<BsdReloadPlan> => {
  const { session, host } = around
  const { name, settings, edges } = session
  const real = await realWireGuard(around)
  const link = real === undefined ? undefined : await host.link(real)
  if (real === undefined || !link) throw notWireGuard(name)
  const device = await edges.devices.read(real)
  const file = await edges.readWgConfig(`${settings.wgConfig}\n`)
  const known = around.system.forgets ? withoutForgotten(file) : file
  const wanted = { ...known, peers: known.peers.filter(({ publicKey }) => publicKey !== device.publicKey) }
  const journal = journalOf(around)
  const configured = new Map(Object.entries(journal.configured?.endpoints ?? {}) as [Key, string][])
  const { change, differences } = diffDevice(device, wanted, { configured })
  const routing = readRouting(settings.table?.value)
  const table = routing.to === 'table' ? { table: routing.table } : {}
  const routes = [
    ...(await host.routes({ family: 4, dev: name, ...table })),
    ...(await host.routes({ family: 6, dev: name, ...table })),
  ]
  const hostPlan = planHost(
    name,
    {
      addresses: settings.addresses,
      mtu: settings.mtu,
      routing,
      allowedIps: sortedAllowedIps(wanted.peers.map(asPeer)),
    },
    {
      link,
      addresses: await host.addresses(name),
      // The halves of a default route are ours as a whole, not foreign routes that cover everything.
      routes: routes.filter(({ dst }) => dst.prefixLength > 1),
      undo: journal.undo.map(asRule),
    },
  )
  const dns = dnsDifference(around, journal)
  return {
    differences: [...differences, ...hostPlan.differences, ...dns],
    deviceChange: change,
    wanted,
    host: hostPlan,
    dnsDiffers: dns.length > 0,
    real,
  }
}

/** wgq reload on a BSD: applies what {@link planBsdReload} found, additions before deletions. Resolves to the exit status. */
export const bsdReload = async (around: BsdAround): Promise<number> => {
  const { session } = around
  makeRunDirectory(session.runDirectory)
  await recoverBsd(around)
  const plan = await planBsdReload(around)
  const keeper = new JournalKeeper(session.runDirectory, { ...journalOf(around), state: 'up' })
  try {
    await apply(around, plan, keeper)
    return 0
  } catch (error) {
    if (error instanceof Failure) return error.status
    if (error instanceof Interrupted) return 1
    throw error
  }
}

const journalOf = ({ session }: BsdAround): Journal =>
  readJournal(session.runDirectory, session.name) ?? startJournal(session.name, session.configPath)

const apply = async (around: BsdAround, plan: BsdReloadPlan, keeper: JournalKeeper): Promise<void> => {
  const { session, system } = around
  const { name, edges, settings } = session
  const runner = new BsdRunner(around, keeper)
  const remove = async (ops: readonly Op[]): Promise<void> => {
    await runner.perform(ops)
    const gone = new Set(ops.map((op) => JSON.stringify(op)))
    keeper.update({ undo: keeper.journal.undo.filter((op) => !gone.has(JSON.stringify(op))) })
  }
  if (!isEmptyChange(plan.deviceChange)) {
    for (const line of spellChange(plan.real, plan.deviceChange)) edges.print(`[#] ${line}\n`)
    await edges.devices.change(plan.real, plan.deviceChange)
  }
  await runner.perform(plan.host.additions)
  await runner.perform(plan.host.defaultsToAdd.map((dst) => ({ do: 'route.add', dev: name, dst })))
  const isGone = (op: Op) => isDefaultRemoval(op) && plan.host.defaultsToRemove.includes(op.dst.family)
  await remove([...keeper.journal.undo.filter(isGone), ...plan.host.deletions])
  await runner.perform(plan.host.replacements)
  if (plan.dnsDiffers) {
    await remove(keeper.journal.undo.filter((op) => op.do === 'dns.unset'))
    const dns = await system.planDns(around)
    if (dns) await runner.perform([dns])
  }
  const families = keeper.journal.undo.flatMap((op): Family[] =>
    isDefaultRemoval(op) ? [op.dst.family] : [],
  )
  if (families.length > 0) await keepEndpointRoutes(around, runner, plan.real, families)
  else await removeEndpointRoutes(around, runner, name, 0)
  keeper.update({ configured: configuredBy(settings, plan.wanted.peers) })
}

const isDefaultRemoval = (op: Op): op is Extract<Op, { do: 'route.delete' }> =>
  op.do === 'route.delete' && op.table === undefined && isDefault(op.dst)

/** The common plan knows a default route by the rule that goes with it on Linux. */
const asRule = (op: Op): Op =>
  isDefaultRemoval(op) ? { do: 'rule.delete', rule: { family: op.dst.family, table: 0, notFwmark: 0 } } : op

/** Without what NetBSD's kernel does not keep, which would differ for ever. */
const withoutForgotten = ({ fwmark: _, ...change }: DeviceChange): DeviceChange => ({
  ...change,
  peers: change.peers.map(({ keepaliveSeconds: __, ...peer }) => peer),
})

const asPeer = ({ publicKey, allowedIps }: DeviceChange['peers'][number]): Peer => ({
  publicKey,
  allowedIps: (allowedIps ?? []).map(maskCidr),
  lastHandshake: { seconds: 0n, nanoseconds: 0 },
  rxBytes: 0n,
  txBytes: 0n,
  keepaliveSeconds: 0,
})

/** Name servers cannot be read back everywhere: what was applied is compared. */
const dnsDifference = ({ session: { settings } }: BsdAround, { configured, undo }: Journal): Difference[] => {
  const isSet = undo.some((op) => op.do === 'dns.unset')
  const running = isSet ? [...(configured?.dnsServers ?? []), ...(configured?.dnsSearch ?? [])] : []
  const wanted =
    settings.dnsServers.length > 0
      ? [...settings.dnsServers, ...settings.dnsSearch].map(({ value }) => value)
      : []
  if (running.join(' ') === wanted.join(' ')) return []
  return [{ object: 'dns', running: running.join(' ') || '(none)', wanted: wanted.join(' ') || '(none)' }]
}
