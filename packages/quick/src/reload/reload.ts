// SPDX-License-Identifier: MIT
import { maskCidr } from '@wgq/model/cidr'
import type { Device, DeviceChange } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import type { Route } from '@wgq/model/host'
import type { Key } from '@wgq/model/key'
import type { Op } from '@wgq/model/operation'
import { setDefaultRoutes } from '../default-routes.ts'
import { planDns } from '../dns/plan.ts'
import { chooseTool, firewallWriter, planFirewallRemoval } from '../firewall/choose.ts'
import { planKillSwitch } from '../kill-switch/plan.ts'
import { notWireGuard } from '../not-wireguard.ts'
import { recover } from '../recover.ts'
import { configuredBy } from '../run/configured.ts'
import { Failure, Interrupted } from '../run/failure.ts'
import { type Journal, JournalKeeper, makeRunDirectory, readJournal, startJournal } from '../run/journal.ts'
import { sessionOf } from '../run/namespace.ts'
import { Runner } from '../run/runner.ts'
import { spellChange } from '../run/spell-change.ts'
import type { Session } from '../session.ts'
import { type DeviceDiff, type Difference, diffDevice, isEmptyChange } from '../state/device-difference.ts'
import { readRouting, sortedAllowedIps } from '../state/routes.ts'
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
  const device = await readRunning(session)
  const file = await edges.readWgConfig(`${settings.wgConfig}\n`)
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
    { link, addresses: await edges.host.addresses(name), routes, undo: journal.undo },
  )
  const dns = dnsDifference(session, journal)
  const killSwitch = killSwitchDifference(session, journal)
  return {
    differences: [...differences, ...host.differences, ...dns, ...killSwitch],
    device,
    deviceChange: change,
    wanted,
    host,
    dnsDiffers: dns.length > 0,
  }
}

/**
 * wgq reload: applies exactly what {@link planReload} found, additions before deletions. Hooks are not run. Resolves to the
 * exit status; where a step fails what was done before stays, the journal knows it, and the next reload goes on from there.
 */
export const reload = async (session: Session): Promise<number> => {
  makeRunDirectory(session.runDirectory)
  await recover(session)
  const journal = journalOf(session)
  const inside = await sessionOf(session, journal)
  const plan = await planInside(inside, journal)
  const keeper = new JournalKeeper(session.runDirectory, journal)
  try {
    await apply(inside, plan, keeper)
    return 0
  } catch (error) {
    if (error instanceof Failure) return error.status
    if (error instanceof Interrupted) return 1
    throw error
  }
}

const apply = async (session: Session, plan: ReloadPlan, keeper: JournalKeeper): Promise<void> => {
  const { name, edges, settings } = session
  const runner = new Runner(session, keeper)
  const addressesChange = [...plan.host.additions, ...plan.host.deletions].some((op) =>
    op.do.startsWith('address.'),
  )
  await changeDevice(session, plan.deviceChange)
  await runner.perform(plan.host.additions)
  const device = await edges.devices.read(name)
  await setDefaultRoutes(session, runner, device, plan.host.defaultsToAdd)
  await removeDefaults(session, runner, keeper, plan.host)
  for (const op of plan.host.deletions) await remove(runner, keeper, [op])
  await runner.perform(plan.host.replacements)
  if (addressesChange || plan.host.defaultsToRemove.length > 0)
    await renewFirewall(session, runner, keeper, device.fwmark)
  if (plan.differences.length > 0) await renewKillSwitch(session, runner, keeper)
  if (plan.dnsDiffers) {
    const wanted = planDns(session)
    if (wanted.length === 0)
      await remove(
        runner,
        keeper,
        keeper.journal.undo.filter((op) => op.do === 'dns.unset'),
      )
    else {
      forget(
        keeper,
        keeper.journal.undo.filter((op) => op.do === 'dns.unset'),
      )
      await runner.perform(wanted)
    }
  }
  keeper.update({ configured: configuredBy(settings, plan.wanted.peers) })
}

const changeDevice = async ({ name, edges }: Session, change: DeviceChange): Promise<void> => {
  if (isEmptyChange(change)) return
  edges.print(
    spellChange(name, change)
      .map((line) => `[#] ${line}\n`)
      .join(''),
  )
  await edges.devices.change(name, change)
}

const removeDefaults = async (
  { edges }: Session,
  runner: Runner,
  keeper: JournalKeeper,
  plan: HostPlan,
): Promise<void> => {
  for (const family of plan.defaultsToRemove) {
    const ofFamily = keeper.journal.undo.filter(
      (op) =>
        (op.do === 'rule.delete' && op.rule.family === family) ||
        (op.do === 'route.delete' && op.dst.family === family && op.dst.prefixLength === 0),
    )
    const rules = planJournalRules(ofFamily, await edges.host.rules(family))
    await runner.perform(rules)
    await runner.perform(ofFamily.filter((op) => op.do === 'route.delete'))
    forget(keeper, ofFamily)
  }
}

/** Loads the firewall again for the families that still have a default route: it names the addresses. */
const renewFirewall = async (
  session: Session,
  runner: Runner,
  keeper: JournalKeeper,
  mark: number,
): Promise<void> => {
  const { name, edges } = session
  const noted = keeper.journal.undo.filter((op) => op.do === 'firewall.unload')
  if (noted.length === 0) return
  const families = new Set(
    keeper.journal.undo.flatMap((op) =>
      op.do === 'rule.delete' && op.rule.notFwmark !== undefined ? [op.rule.family] : [],
    ),
  )
  await runner.perform(await planFirewallRemoval(edges, name))
  forget(keeper, noted)
  const firewall = firewallWriter(await chooseTool(session))
  for (const family of families) {
    const addresses = (await edges.host.addresses(name, family)).map(({ cidr }) => cidr.address)
    await runner.perform([
      {
        do: 'firewall.load',
        tool: firewall.tool(family),
        text: firewall.write({ dev: name, family, mark, addresses }),
      },
    ])
  }
}

/** The kill switch names endpoints and mark; it comes and goes with its line in the file. */
const renewKillSwitch = async (session: Session, runner: Runner, keeper: JournalKeeper): Promise<void> => {
  const noted = keeper.journal.undo.filter((op) => op.do === 'killswitch.off')
  if (session.killSwitch) {
    forget(keeper, noted)
    await runner.perform(planKillSwitch(session, await session.edges.devices.read(session.name)))
  } else if (noted.length > 0) {
    await runner.perform(noted.slice(0, 1))
    forget(keeper, noted)
  }
}

/** Carries out inverses of the journal and takes them off it. */
const remove = async (runner: Runner, keeper: JournalKeeper, ops: readonly Op[]): Promise<void> => {
  await runner.perform(ops)
  forget(keeper, ops)
}

const forget = (keeper: JournalKeeper, ops: readonly Op[]): void => {
  const gone = new Set(ops.map((op) => JSON.stringify(op)))
  keeper.update({ undo: keeper.journal.undo.filter((op) => !gone.has(JSON.stringify(op))) })
}

const readRunning = async ({ name, edges }: Session): Promise<Device> => {
  if (!(await edges.devices.list()).includes(name)) throw notWireGuard(name)
  try {
    return await edges.devices.read(name)
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
