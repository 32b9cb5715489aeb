// SPDX-License-Identifier: MIT
import type { Cidr } from '@wgq/model/cidr'
import type { Device } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import { chooseDaemon, fallbackLine, hasKernelDriver } from './daemon.ts'
import { freeMark, setDefaultRoutes } from './default-routes.ts'
import { setDns } from './dns/set.ts'
import { isIpv6Off, usableAddresses, usablePrefixes } from './ipv6-off.ts'
import { planKillSwitch } from './kill-switch/plan.ts'
import { checkListening } from './listening.ts'
import { chooseMtu } from './mtu.ts'
import { recover } from './recover.ts'
import { reload } from './reload/reload.ts'
import { rollBack } from './rollback.ts'
import { configuredBy } from './run/configured.ts'
import { Failure } from './run/failure.ts'
import { planHooks } from './run/hooks.ts'
import { JournalKeeper, makeRunDirectory, readJournal, startJournal } from './run/journal.ts'
import { checkNamespace, enter, moveInside } from './run/namespace.ts'
import { Runner } from './run/runner.ts'
import type { Session } from './session.ts'
import { planAddresses } from './state/addresses.ts'
import { isDefault, planMainRoutes, planTableRoutes, readRouting, sortedAllowedIps } from './state/routes.ts'
import { forgetTry } from './try.ts'
import { isOwn, linkOf } from './undo.ts'

/**
 * wg-quick up: brings an interface up as its configuration says, or leaves the host as it was. Resolves to the exit
 * status. Raises `E_EXISTS` where there is such an interface already.
 */
export const up = async (session: Session): Promise<number> => {
  const { name, edges } = session
  if (session.into !== undefined) checkNamespace(session.into)
  makeRunDirectory(session.runDirectory)
  forgetTry(session)
  const before = session.killSwitch ? readJournal(session.runDirectory, name) : undefined
  const stays = before !== undefined && before.into === session.into
  const blocking = stays ? before.undo.filter((op) => op.do === 'killswitch.off').slice(0, 1) : []
  await recover({ ...session, keepKillSwitch: blocking.length > 0 })
  const journal = readJournal(session.runDirectory, name)
  const running = journal && (await linkOf(session, journal))
  const own = running && isOwn(running, journal)
  const inPlace = session.into === undefined || session.into === journal?.into
  if (own && inPlace && session.style === 'wgq') return reload(session)
  if (own || (await edges.host.link(name)))
    throw new WgqError('E_EXISTS', `\`${name}' already exists`, {
      hint: `\`wgq down ${name}\` takes it down first`,
    })
  const keeper = new JournalKeeper(session.runDirectory, startJournal(name, session.configPath))
  keeper.claim()
  if (session.into !== undefined) keeper.update({ into: session.into })
  if (blocking.length > 0) keeper.update({ undo: blocking })
  try {
    await bringUp(session, keeper)
    keeper.update({ state: 'up' })
    return 0
  } catch (error) {
    return rollBack({ ...session, keepKillSwitch: blocking.length > 0 }, keeper, error)
  }
}

/** The steps in upstream's order (spec wg-quick §6). Each sees what the ones before have done, hooks included. */
const bringUp = async (session: Session, keeper: JournalKeeper): Promise<void> => {
  const { name, settings, edges } = session
  const runner = new Runner(session, keeper)
  const byDaemon = await addLink(session, runner)
  keeper.update(indexOf(await edges.host.link(name)))
  await runner.perform(planHooks(name, settings.hooks.preUp))
  await runner.perform([{ do: 'device.configure', name, configuration: `${settings.wgConfig}\n` }])
  const device = await marked(session, runner)
  keeper.update({ configured: configuredBy(settings, device?.peers ?? []) })
  const inside = session.into === undefined ? session : await enter(session, session.into)
  const innerRunner = new Runner(inside, keeper)
  await innerRunner.perform(planKillSwitch(inside, device))
  const ipv6 = settings.addresses.some(({ value }) => value.includes(':')) && !isIpv6Off(session)
  const findMtu = (): Promise<string> => chooseMtu(session, device?.peers ?? [], ipv6)
  // The ways to the endpoints are those of the namespace that the daemon sends from.
  const outerMtu = session.into === undefined ? undefined : await findMtu()
  if (session.into !== undefined) await moveInside(inside, session.into, runner, keeper)
  await innerRunner.perform(planAddresses(name, usableAddresses(inside)))
  await innerRunner.perform([{ do: 'link.up', dev: name, mtu: outerMtu ?? (await findMtu()) }])
  if (byDaemon) await checkListening(session)
  await setDns(inside, innerRunner, device)
  await setRoutes(inside, innerRunner, device)
  await innerRunner.perform(planHooks(name, settings.hooks.postUp))
}

/** The device as configured; with a kill switch it always has a mark, by which its packets pass. */
const marked = async (session: Session, runner: Runner): Promise<Device | undefined> => {
  const { name, edges, killSwitch, into } = session
  const device = await edges.devices.read(name).catch(() => undefined)
  if (!killSwitch || into !== undefined || device?.fwmark !== 0) return device
  await runner.perform([{ do: 'device.fwmark', name, fwmark: await freeMark(edges.host) }])
  return edges.devices.read(name)
}

const indexOf = (link: { index: number } | undefined): { linkIndex?: number } =>
  link ? { linkIndex: link.index } : {}

/** The kernel's driver, else a userspace daemon (spec wg-quick §6, step 3). True for a daemon. */
const addLink = async (session: Session, runner: Runner): Promise<boolean> => {
  const { name, edges } = session
  try {
    await runner.perform([{ do: 'link.add', name }])
    return false
  } catch (error) {
    if (!(error instanceof Failure) || hasKernelDriver()) throw error
    const daemon = chooseDaemon(edges.env, edges.find, session.binDirectory)
    if (!daemon) throw error
    edges.print(fallbackLine(daemon))
    const { program, embedded } = daemon
    await runner.perform([{ do: 'daemon.start', name, program, embedded }])
    return true
  }
}

const setRoutes = async (session: Session, runner: Runner, device: Device | undefined): Promise<void> => {
  const { name, settings, edges } = session
  const routing = readRouting(settings.table?.value)
  if (routing.to === 'off' || !device) return
  const allowedIps = usablePrefixes(session, sortedAllowedIps(device.peers))
  if (routing.to === 'table') return runner.perform(planTableRoutes(name, routing.table, allowedIps))
  // In a namespace of its own the tunnel may take the default route itself: what it sends leaves elsewhere.
  const ownWay = session.into !== undefined
  const plain = allowedIps.filter((cidr) => ownWay || !isDefault(cidr))
  if (plain.length > 0) {
    const existing: Cidr[] = []
    for (const family of [4, 6] as const) {
      if (!plain.some((cidr) => cidr.family === family)) continue
      existing.push(...(await edges.host.routes({ family, dev: name })).map(({ dst }) => dst))
    }
    await runner.perform(planMainRoutes(name, plain, existing))
  }
  if (!ownWay) await setDefaultRoutes(session, runner, device, allowedIps.filter(isDefault))
}
