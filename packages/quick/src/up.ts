// SPDX-License-Identifier: MIT

import { nameServers } from '@wgq/dns/name-servers'
import { asideOf, planAsideOn } from '@wgq/firewall/exceptions/aside'
import { guarding, planKillSwitchOn } from '@wgq/firewall/kill-switch/plan'
import type { Device } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import { isKey } from '@wgq/model/key'
import { openGateway } from './gateway.ts'
import { checkListening } from './listening.ts'
import { recover } from './recover.ts'
import { configuredBy } from './run/configured.ts'
import { hooksOfDown } from './run/hooks.ts'
import { type Journal, JournalKeeper, notedKillSwitch, readJournal, startJournal } from './run/journal.ts'
import { withLock } from './run/lock.ts'
import { checkNamespace, enter, moveInside } from './run/namespace.ts'
import { optionsOf, withOptions } from './run/options.ts'
import { Run } from './run/run.ts'
import { underLock } from './run/under-lock.ts'
import type { Session } from './session.ts'
import { planAddresses } from './state/addresses.ts'
import { isIpv6Off, needsIpv6, refuseIpv6Outside, usableAddresses, usablePrefixes } from './state/ipv6-off.ts'
import { mentionedBy } from './state/mentioned.ts'
import {
  isDefault,
  planTableRoutes,
  readRouting,
  sortedAllowedIps,
  withoutConnected,
} from './state/routes.ts'
import { hasPrivateKey } from './state/same-key.ts'
import { freeMark } from './systems/linux/default-routes.ts'
import { hostBeside } from './systems/linux/host-beside.ts'
import { textsOf } from './systems/system.ts'
import { forgetTry } from './try.ts'
import { isOwn, linkOf, rollBack } from './undo.ts'

/**
 * wg-quick up: brings an interface up as configured, or leaves the host unchanged. Under wgq's name reloads a running
 * tunnel. Resolves to the exit status. Raises `E_EXISTS` if the interface exists already.
 */
export const up = (session: Session): Promise<number> =>
  underLock(session, async () => {
    const { name, system, runDirectory } = session
    system.refuseUnsupported(session)
    if (session.into !== undefined) checkNamespace(session.into)
    const noted = readJournal(runDirectory, name)
    const known = noted?.configured?.names ?? {}
    const guarded: Session = {
      ...withOptions(session, noted),
      ...(session.style === 'wgq' ? { names: { mark: 0, known } } : {}),
    }
    const kept = guarded.killSwitch && noted?.into === session.into ? notedKillSwitch(noted) : []
    if (session.act === undefined) await recover(session, kept.length > 0)
    const journal = readJournal(runDirectory, name)
    const isReload = await isRunning(session, journal)
    const failed = isReload ? await (await import('./reload.ts')).reloadRunning(guarded) : 0
    // A trial lasts when this run changed nothing.
    if (session.act === undefined && failed === 0) forgetTry(session)
    if (isReload) return failed
    const keeper = new JournalKeeper(session.act ? undefined : runDirectory, {
      ...startJournal(name, session.configPath),
      ...(session.into === undefined ? {} : { into: session.into }),
      hooks: hooksOfDown(session.settings),
      options: optionsOf(guarded),
      undo: kept,
    })
    keeper.claim()
    const run = new Run(guarded, keeper)
    try {
      await bringUp(run)
      keeper.update({ state: 'up' })
      return 0
    } catch (error) {
      return rollBack(run, error, kept.length > 0)
    }
  })

/**
 * Says whether the tunnel runs already and may be reloaded instead: wgq brought it up, or it has the key of the file
 * (upstream's `up`; a lost journal). Raises `E_EXISTS` for every other interface of that name, and always under
 * upstream's name.
 */
const isRunning = async (session: Session, journal: Journal | undefined): Promise<boolean> => {
  const { name, system, style } = session
  const link = journal && (await linkOf(session, journal))
  const own = link !== undefined && journal !== undefined && isOwn(link, journal)
  const real = own ? link.name : await system.realName(session)
  if (real === undefined) return false
  const inPlace = session.into === undefined || session.into === journal?.into
  if (style === 'wgq' && inPlace && (own || (await hasOurKey(session, real)))) return true
  throw new WgqError('E_EXISTS', `\`${name}' already exists${real === name ? '' : ` as \`${real}'`}`, {
    hint: `\`wgq down ${name}\` takes it down first`,
  })
}

const hasOurKey = async ({ dependencies, settings }: Session, real: string): Promise<boolean> => {
  if (!(await dependencies.devices.list()).includes(real)) return false
  const text = /^\s*privatekey\s*=\s*([A-Za-z0-9+/]{43}=)\s*(?:#.*)?$/im.exec(settings.wgConfig)?.[1]
  return text !== undefined && isKey(text) && hasPrivateKey(await dependencies.devices.read(real), text)
}

/** The steps in upstream's order (spec wg-quick §6, §10, §11). Each reads the effects of earlier ones and of hooks. */
const bringUp = async (run: Run): Promise<void> => {
  const { name, session, system, keeper } = run
  const { settings, dependencies } = session
  const allow = session.exceptions?.allow
  const inside = session.into === undefined ? session : await enter(session, session.into)
  const inner = run.in(inside)
  const lookedUp = await guard(inner)
  const byDaemon = await system.addLink(run)
  const real = (await system.realName(session)) ?? name
  const link = await dependencies.host.link(real)
  if (link) keeper?.update({ linkIndex: link.index })
  await run.perform(system.planHooks(session, real, textsOf(settings.hooks.preUp)))
  const helped = session.names && { ...session.names, mark: guardMark(inner) }
  const naming = helped ? run.in({ ...session, names: helped }) : run
  await naming.perform([{ do: 'device.configure', name, configuration: `${settings.wgConfig}\n` }])
  const device = await markGuarded(run, await dependencies.devices.read(real).catch(() => undefined))
  keeper?.update({ configured: configuredBy(settings, device?.peers ?? []) })
  if (lookedUp) await inner.perform([planKillSwitchOn(name, guarding(guardMark(inner), allow))])
  const allowedIps = sortedAllowedIps(device?.peers ?? [])
  await refuseIpv6Outside(session, allowedIps, 'new')
  const ipv6 = needsIpv6(session, allowedIps) && !isIpv6Off(inside)
  const outer = sendingWith(session, real, device?.fwmark ?? 0)
  const findMtu = (): Promise<string> => system.chooseMtu(outer, device?.peers ?? [], ipv6)
  // The routes to the endpoints are those of the namespace that the daemon sends from.
  const outerMtu = session.into === undefined ? undefined : await findMtu()
  if (session.into !== undefined) await moveInside(run, inside, session.into)
  await inner.perform(planAddresses(name, usableAddresses(inside)))
  await inner.perform([{ do: 'link.up', dev: name, mtu: outerMtu ?? (await findMtu()) }])
  if (byDaemon) await checkListening(session, real)
  await system.setDns(inner, device)
  await setRoutes(inner, device, real)
  if (allow && session.into === undefined && (session.killSwitch || device?.peers.some(takesDefault)))
    await openAside(inner, (await dependencies.devices.read(real)).fwmark)
  await openGateway(inner)
  await inner.perform(system.planHooks(inside, real, textsOf(settings.hooks.postUp)))
}

/** A session whose routes to endpoints are those of encrypted packets: rules may send their mark another way. */
const sendingWith = (session: Session, real: string, mark: number): Session => {
  if (session.style !== 'wgq' || mark === 0) return session
  const { dependencies } = session
  return { ...session, dependencies: { ...dependencies, host: hostBeside(dependencies.host, real, mark) } }
}

const takesDefault = ({ allowedIps }: Device['peers'][number]): boolean => allowedIps.some(isDefault)

/**
 * Sets the kill switch before anything else, so that hooks run guarded. Until the endpoints are known, root may query
 * the current name servers; resolves to whether this exception must be removed later.
 */
const guard = async (inner: Run): Promise<boolean> => {
  const { session, name, keeper } = inner
  if (!session.killSwitch) return false
  if (session.into === undefined) {
    const { fwmark = 0 } = mentionedBy(session.settings)
    await withLock(session.runDirectory, 'table', async () =>
      keeper?.update({ mark: fwmark || (await freeMark(session)) }),
    )
  }
  const resolvers = session.into === undefined ? nameServers(session.dependencies) : []
  const state = guarding(guardMark(inner), session.exceptions?.allow)
  await inner.perform([planKillSwitchOn(name, { ...state, resolvers })])
  return resolvers.length > 0
}

const guardMark = ({ session, keeper }: Run): number =>
  session.into === undefined ? (keeper?.journal.mark ?? 0) : 0

/** Gives the device the mark that the kill switch lets pass. */
const markGuarded = async (run: Run, device: Device | undefined): Promise<Device | undefined> => {
  const fwmark = guardMark(run)
  if (!device || !run.session.killSwitch || fwmark === 0 || device.fwmark === fwmark) return device
  await run.perform([{ do: 'device.fwmark', name: run.name, fwmark }])
  return { ...device, fwmark }
}

const setRoutes = async (run: Run, device: Device | undefined, real: string): Promise<void> => {
  const { session, system, name } = run
  const routing = readRouting(session.settings.table?.value)
  if (routing.to === 'off' || !device) return
  const allowedIps = usablePrefixes(session, sortedAllowedIps(device.peers))
  if (routing.to === 'table') {
    const inMain = session.style === 'wgq' && system.tableNumber(routing.table) === system.mainTable
    const held = inMain ? (await session.dependencies.host.addresses(real)).map(({ cidr }) => cidr) : []
    return run.perform(planTableRoutes(name, routing.table, withoutConnected(system, allowedIps, held)))
  }
  // In its own namespace the tunnel may take the default route itself: encrypted packets leave elsewhere.
  const ownWay = session.into !== undefined
  const plain = allowedIps.filter((cidr) => ownWay || !isDefault(cidr))
  await run.perform(await system.planMainRoutes(session, real, plain))
  if (!ownWay) await system.takeDefaults(run, device, allowedIps.filter(isDefault))
}

/** Gives packets that bypass a tunnel the mark of its encrypted packets. Raises {@link Failure}. */
const openAside = async (run: Run, mark: number): Promise<void> => {
  const aside = asideOf(mark, run.session.exceptions?.allow)
  if (aside) await run.perform([planAsideOn(run.name, aside)])
}
