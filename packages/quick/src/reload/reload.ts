// SPDX-License-Identifier: MIT
import { maskCidr } from '@wgq/model/cidr'
import type { Device, DeviceChange } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import type { Route } from '@wgq/model/host'
import type { Key } from '@wgq/model/key'
import type { Op } from '@wgq/model/operation'
import { planDns } from '../dns/plan.ts'
import { chooseTool, firewallWriter, planFirewallRemoval } from '../firewall/choose.ts'
import { gatewayDifferences, renewGateway } from '../gateway/manager.ts'
import { planKillSwitch } from '../kill-switch/plan.ts'
import { notWireGuard } from '../not-wireguard.ts'
import { recover } from '../recover.ts'
import { configuredBy } from '../run/configured.ts'
import { Failure, Interrupted } from '../run/failure.ts'
import { type Journal, JournalKeeper, readJournal, startJournal } from '../run/journal.ts'
import { sessionOf } from '../run/namespace.ts'
import { Run } from '../run/run.ts'
import { spellChange } from '../run/spell-change.ts'
import { underLock } from '../run/under-lock.ts'
import type { Session } from '../session.ts'
import { type DeviceDiff, type Difference, diffDevice, isEmptyChange } from '../state/device-difference.ts'
import { isDefault, readRouting, sortedAllowedIps } from '../state/routes.ts'
import { planJournalRules } from '../state/rules.ts'
import { type HostPlan, planHost } from './host-plan.ts'

/** What differs between a file and its running tunnel, ready to be applied. */
export interface ReloadPlan {
  readonly differences: readonly Difference[]
  readonly device: Device
  readonly deviceChange: DeviceChange
  /** What the file says of the device, names resolved. */
  readonly wanted: DeviceChange
  readonly host: HostPlan
  readonly dnsDiffers: boolean
  readonly gatewayDiffers: boolean
}

/**
 * Compares a running tunnel with its file; changes nothing. Raises `E_NOT_WIREGUARD` where the interface does not run, and
 * what reading the file raises.
 */
export const planReload = async (session: Session): Promise<ReloadPlan> => {
  const journal = journalOf(session)
  return planInside(await sessionOf(session, journal), journal)
}

/** That of a tunnel whose beginning nobody noted is empty. */
const journalOf = ({ runDirectory, name, configPath }: Session): Journal =>
  readJournal(runDirectory, name) ?? { ...startJournal(name, configPath), state: 'up' }

/** {@link planReload} in the namespace of the interface. */
const planInside = async (session: Session, journal: Journal): Promise<ReloadPlan> => {
  const { name, settings, edges } = session
  const { system } = session
  const real = (await system.realName(session)) ?? name
  const device = await readRunning(session, real)
  const read = await edges.readWgConfig(`${settings.wgConfig}\n`)
  const file = system.forgets ? withoutForgotten(read) : read
  // Every implementation ignores a peer with the device's own key.
  const wanted = { ...file, peers: file.peers.filter(({ publicKey }) => publicKey !== device.publicKey) }
  const { change, differences }: DeviceDiff = diffDevice(device, wanted, {
    configured: configuredEndpoints(journal),
  })
  const link = await edges.host.link(name)
  if (!link) throw notWireGuard(name)
  const routing = readRouting(settings.table?.value)
  const table = routing.to === 'table' ? routing.table : undefined
  const routes: Route[] = []
  for (const family of [4, 6] as const)
    routes.push(
      ...(await edges.host.routes({ family, dev: name, ...(table === undefined ? {} : { table }) })),
    )
  const host = planHost(
    name,
    {
      addresses: settings.addresses,
      mtu: settings.mtu,
      routing,
      allowedIps: sortedAllowedIps(wantedPeers(wanted)),
      plainDefaults: session.into !== undefined,
    },
    {
      link,
      addresses: await edges.host.addresses(name),
      // The halves of a default route are ours as a whole, not foreign routes that cover everything.
      routes: system.takesDefaultBy === 'rules' ? routes : routes.filter(({ dst }) => dst.prefixLength > 1),
      undo: system.takesDefaultBy === 'rules' ? journal.undo : journal.undo.map(asRule),
    },
  )
  const dns = dnsDifference(session, journal)
  const killSwitch = killSwitchDifference(session, journal)
  const gateway = await gatewayDifferences(session, journal)
  return {
    differences: [...differences, ...host.differences, ...dns, ...killSwitch, ...gateway],
    device,
    deviceChange: change,
    wanted,
    host,
    dnsDiffers: dns.length > 0,
    gatewayDiffers: gateway.length > 0,
  }
}

/**
 * wgq reload: applies exactly what {@link planReload} found, additions before deletions. Hooks are not run. Resolves to the
 * exit status; where a step fails what was done before stays, the journal knows it, and the next reload goes on from there.
 */
export const reload = (session: Session): Promise<number> =>
  underLock(session, async () => {
    await recover(session)
    return reloadRunning(session)
  })

/** {@link reload} under a lock that is held already. */
export const reloadRunning = async (session: Session): Promise<number> => {
  const journal = journalOf(session)
  const inside = await sessionOf(session, journal)
  const plan = await planInside(inside, journal)
  try {
    await apply(new Run(inside, new JournalKeeper(session.runDirectory, journal)), plan)
    return 0
  } catch (error) {
    if (error instanceof Failure) return error.status
    if (error instanceof Interrupted) return 1
    throw error
  }
}

const apply = async (run: Run, plan: ReloadPlan): Promise<void> => {
  const { session, keeper, name, system } = run
  if (!keeper) return
  const { edges, settings } = session
  const addressesChange = [...plan.host.additions, ...plan.host.deletions].some((op) =>
    op.do.startsWith('address.'),
  )
  await changeDevice(session, plan.device.name, plan.deviceChange)
  await run.perform(plan.host.additions)
  const device = await edges.devices.read(plan.device.name)
  if (system.takesDefaultBy === 'rules') {
    await system.takeDefaults(run, device, plan.host.defaultsToAdd)
    await removeDefaults(run, plan.host)
  } else {
    const isGone = (op: Op) => isDefaultRemoval(op) && plan.host.defaultsToRemove.includes(op.dst.family)
    await run.perform(keeper.journal.undo.filter(isGone))
    await system.takeDefaults(run, device, plan.host.defaultsToAdd)
  }
  await run.perform(plan.host.deletions)
  await run.perform(plan.host.replacements)
  if (addressesChange || plan.host.defaultsToRemove.length > 0) await renewFirewall(run, device.fwmark)
  if (plan.differences.length > 0) await renewKillSwitch(run, device)
  if (plan.gatewayDiffers || (addressesChange && session.gateway)) await renewGateway(run)
  if (plan.dnsDiffers) {
    if (system.takesDefaultBy === 'halves' || planDns(session).length === 0)
      await run.perform(keeper.journal.undo.filter((op) => op.do === 'dns.unset').slice(0, 1))
    else keeper.settle([{ do: 'dns.unset', dev: name, manager: '' }])
    if (system.takesDefaultBy === 'rules') await run.perform(planDns(session))
    else await system.setDns(run, device)
  }
  keeper.update({ configured: configuredBy(settings, plan.wanted.peers) })
}

const changeDevice = async ({ edges }: Session, real: string, change: DeviceChange): Promise<void> => {
  if (isEmptyChange(change)) return
  edges.print(
    spellChange(real, change)
      .map((line) => `[#] ${line}\n`)
      .join(''),
  )
  await edges.devices.change(real, change)
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

const removeDefaults = async (run: Run, plan: HostPlan): Promise<void> => {
  const { session, keeper } = run
  for (const family of plan.defaultsToRemove) {
    const ofFamily = (keeper?.journal.undo ?? []).filter(
      (op) =>
        (op.do === 'rule.delete' && op.rule.family === family) ||
        (op.do === 'route.delete' && op.dst.family === family && op.dst.prefixLength === 0),
    )
    const rules = planJournalRules(ofFamily, await session.edges.host.rules(family))
    await run.perform(rules)
    await run.perform(ofFamily.filter((op) => op.do === 'route.delete'))
    keeper?.settle(ofFamily)
  }
}

/** Loads the firewall again for the families that still have a default route: it names the addresses. */
const renewFirewall = async (run: Run, mark: number): Promise<void> => {
  const { session, keeper, name } = run
  const { edges } = session
  const noted = keeper?.journal.undo ?? []
  if (!noted.some((op) => op.do === 'firewall.unload')) return
  const families = new Set(
    noted.flatMap((op) =>
      op.do === 'rule.delete' && op.rule.notFwmark !== undefined ? [op.rule.family] : [],
    ),
  )
  await run.perform(await planFirewallRemoval(edges, name))
  const firewall = firewallWriter(await chooseTool(session))
  for (const family of families) {
    const addresses = (await edges.host.addresses(name, family)).map(({ cidr }) => cidr.address)
    const text = firewall.write({ dev: name, family, mark, addresses })
    await run.perform([{ do: 'firewall.load', tool: firewall.tool(family), text }])
  }
}

/** The kill switch names endpoints and mark; it comes and goes with its line in the file. */
const renewKillSwitch = async (run: Run, device: Device): Promise<void> => {
  const noted = (run.keeper?.journal.undo ?? []).filter((op) => op.do === 'killswitch.off')
  if (run.session.killSwitch) {
    run.keeper?.settle(noted)
    await run.perform(planKillSwitch(run.session, device))
  } else await run.perform(noted.slice(0, 1))
}

const readRunning = async ({ name, edges }: Session, real: string): Promise<Device> => {
  if (!(await edges.devices.list()).includes(real)) throw notWireGuard(name)
  try {
    return await edges.devices.read(real)
  } catch (cause) {
    throw new WgqError('E_DEVICE', `${name} cannot be read`, {
      hint: `\`wgq doctor ${name}\` looks closer`,
      cause,
    })
  }
}

const configuredEndpoints = ({ configured }: Journal): Map<Key, string> =>
  new Map(Object.entries(configured?.endpoints ?? {}) as [Key, string][])

const wantedPeers = ({ peers }: DeviceChange): Device['peers'] =>
  peers.map(({ publicKey, allowedIps }) => ({
    publicKey,
    allowedIps: (allowedIps ?? []).map(maskCidr),
    lastHandshake: { seconds: 0n, nanoseconds: 0 },
    rxBytes: 0n,
    txBytes: 0n,
    keepaliveSeconds: 0,
  }))

/** Name servers cannot be read back from every manager: what was applied is compared. */
const dnsDifference = ({ settings }: Session, { configured, undo }: Journal): Difference[] => {
  const wanted = [settings.dnsServers, settings.dnsSearch].map((list) =>
    list.map(({ value }) => value).join(' '),
  )
  const isSet = undo.some((op) => op.do === 'dns.unset')
  const running = isSet
    ? [configured?.dnsServers ?? [], configured?.dnsSearch ?? []].map((list) => list.join(' '))
    : ['', '']
  if (settings.dnsServers.length === 0 && !isSet) return []
  if (wanted.join('\n') === running.join('\n')) return []
  return [
    {
      object: 'dns',
      running: running.filter(Boolean).join(' ') || '(none)',
      wanted: wanted.filter(Boolean).join(' ') || '(none)',
    },
  ]
}

const killSwitchDifference = ({ killSwitch }: Session, { undo }: Journal): Difference[] => {
  const stands = undo.some((op) => op.do === 'killswitch.off')
  if (stands === (killSwitch ?? false)) return []
  return [
    stands
      ? { object: 'kill switch', running: 'on', wanted: 'off' }
      : { object: 'kill switch', running: 'off', wanted: 'on' },
  ]
}
