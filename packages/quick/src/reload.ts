// SPDX-License-Identifier: MIT
import type { DeviceChange } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import type { Op } from '@wgq/model/operation'
import { asBefore, converge, type Target } from './converge.ts'
import type { NameHelp } from './dependencies.ts'
import { gatewayDifferences, renewGateway, restoreGateway } from './gateway.ts'
import { withoutInterface } from './not-wireguard.ts'
import { recover } from './recover.ts'
import { renamedText } from './renamed.ts'
import { unlessInterrupted } from './run/act.ts'
import { adopted } from './run/adopted.ts'
import { configuredBy, hooksDigest } from './run/configured.ts'
import { Failure, Interrupted, signalStatus } from './run/failure.ts'
import { withoutRepeats } from './run/inverse.ts'
import { type Journal, JournalKeeper, readJournal } from './run/journal.ts'
import { sessionOf } from './run/namespace.ts'
import { optionsOf, withOptions } from './run/options.ts'
import { readConfiguration } from './run/read-configuration.ts'
import { Run } from './run/run.ts'
import { underLock } from './run/under-lock.ts'
import type { Session } from './session.ts'
import type { Difference, EndpointMemory } from './state/device-difference.ts'
import { difference, type Plan } from './state/difference.ts'
import { ipv6Difference, lostWithIpv6, sayLostIpv6 } from './state/ipv6-off.ts'
import { look, type Seen } from './state/seen.ts'
import { memoryOf, want } from './state/surroundings.ts'
import { refuseHollow } from './state/wanted.ts'
import { renewSocketGroup, socketGroupDifferences } from './systems/socket-group.ts'
import { linkOf } from './undo.ts'

/** What differs between a file and its running tunnel, ready to be applied. */
interface ReloadPlan extends Plan, Target {
  readonly seen: Seen
  /** The session in the namespace of the interface, with the options of `up`. */
  readonly session: Session
  readonly gatewayDiffers: boolean
  /** Notes of what cannot come back while IPv6 is switched off. */
  readonly lost: readonly Op[]
  /** One at most. */
  readonly socketGroup: readonly Difference[]
  readonly journal: Journal | undefined
}

/**
 * Compares a running tunnel with its file; changes nothing. Raises `E_NOT_WIREGUARD` if the interface does not run,
 * `E_RENAMED` if it was renamed, {@link Interrupted} after a signal, the errors of {@link refuseHollow}, and those of
 * reading the file.
 */
export const planReload = async (session: Session): Promise<ReloadPlan> =>
  planFrom(session, readJournal(session.runDirectory, session.name))

/** Retries name servers: their manager may accept now what it rejected before. */
const askingAgain = (journal: Journal | undefined): Journal | undefined =>
  journal?.without?.includes('dns')
    ? { ...journal, without: journal.without.filter((what) => what !== 'dns') }
    : journal

const planFrom = async (session: Session, journal: Journal | undefined): Promise<ReloadPlan> => {
  await refuseRenamed(session, journal)
  const place = await sessionOf(session, journal)
  const inside = withOptions(place, journal)
  const change = await unlessInterrupted(
    session,
    readConfiguration(session, `${session.settings.wgConfig}\n`, await namesOf(session, journal)),
  )
  const seen = await look(inside, journal)
  refuseHollow(session.settings, session.configPath, seen.state.device, journal)
  const wanted = await want(inside, session.dependencies.host, change, seen, journal)
  const memory = memoryOf(journal, seen, session)
  const plan = difference(seen, wanted, memory, session.name)
  const gateway = await gatewayDifferences(inside, journal)
  const socketGroup = await socketGroupDifferences(session)
  const lost = lostWithIpv6(inside, change.peers, seen, journal)
  return {
    ...plan,
    differences: [
      ...withoutChosenMark(plan.differences, change),
      ...ipv6Difference(lost),
      ...gateway,
      ...socketGroup,
      ...hooksDifference(session, journal),
    ],
    seen,
    wanted,
    memory,
    session: inside,
    gatewayDiffers: gateway.length > 0,
    lost,
    socketGroup,
    journal,
  }
}

/** Looks up names outside the tunnel if it has a mark. */
const namesOf = async (
  { name, style, dependencies, into }: Session,
  journal: Journal | undefined,
): Promise<NameHelp | undefined> => {
  if (style !== 'wgq') return undefined
  const inside = into ?? journal?.into
  const device =
    inside === undefined ? await dependencies.devices.read(name).catch(() => undefined) : undefined
  return { mark: device?.fwmark ?? 0, known: journal?.configured?.names ?? {} }
}

/**
 * wgq reload: brings a running tunnel to the state of its file without disturbing what stays. Runs no hooks. Resolves
 * to the exit status; rolls back if a step fails.
 */
export const reload = (session: Session): Promise<number> =>
  underLock(session, async () => {
    await refuseWithoutInterface(session)
    await recover(session, true)
    return reloadRunning(session)
  })

/** {@link reload} for a caller that holds the lock already. */
export const reloadRunning = async (session: Session): Promise<number> => {
  let run: Run | undefined
  let plan: ReloadPlan | undefined
  try {
    plan = await planFrom(session, askingAgain(readJournal(session.runDirectory, session.name)))
    sayKeptPeers(plan)
    sayLostIpv6(session, plan.lost)
    if (session.act !== undefined) return tell(plan)
    run = new Run(plan.session, new JournalKeeper(session.runDirectory, plan.journal ?? adopted(plan)))
    await bringTo(run, plan)
    return 0
  } catch (error) {
    const { signal } = session.interruption
    if (!(error instanceof Failure || error instanceof Interrupted)) throw error
    if (run && plan) await goBack(run, plan)
    return signal ? signalStatus(signal) : error instanceof Failure ? error.status : 1
  }
}

const bringTo = async (run: Run, first: ReloadPlan): Promise<void> => {
  const { session, keeper } = run
  const { settings, dependencies } = session
  const hooks = hooksDifference(session, first.journal)
  if (hooks.length > 0)
    dependencies.print(
      `[!] The hooks of ${run.name} changed: a reload runs none, and \`wgq down\` runs those that came with \`wgq up\`.\n`,
    )
  const { seen, wanted } = first
  const { peers } = wanted.device as DeviceChange
  sayKeptSecrets(run, first)
  // The last applied settings, for a manager of name servers that cannot be queried.
  const configured = configuredBy(settings, peers)
  const note = () => keeper?.update({ configured })
  await converge(run, first.seen, first, first, note)
  const addressesChange = first.differences.some(({ object }) => object === 'address')
  if (first.gatewayDiffers || (addressesChange && session.gateway)) await renewGateway(run)
  for (const group of first.socketGroup) await renewSocketGroup(session, group)
  keeper?.settle(first.lost)
  const mark =
    wanted.rules.find(({ notFwmark }) => notFwmark !== undefined)?.notFwmark ?? wanted.killSwitch?.mark
  keeper?.update({
    config: session.configPath,
    configured,
    options: optionsOf(session),
    ...(mark ? { mark } : {}),
    linkIndex: seen.link.index,
    undo: withoutRepeats(keeper.journal.undo),
  })
}

/**
 * Reports peers that stay: `wg set` may have added them. To remove one from the file, remove it from the tunnel too.
 */
const sayKeptPeers = ({ session, wanted: { keptPeers: kept = [] } }: ReloadPlan): void => {
  if (kept.length === 0) return
  const which = kept.length === 1 ? `Peer ${kept[0]} of` : `${kept.length} peers of`
  const verb = kept.length === 1 ? 'is not in its file and stays' : 'are not in its file and stay'
  const why = session.settings.saveConfig ? 'SaveConfig = true' : 'a hook of the file adds peers'
  session.dependencies.print(
    `[!] ${which} ${session.name} ${verb} (${why}): \`wgq set ${session.name} peer KEY remove\` removes one.\n`,
  )
}

/** Reports once that preshared keys from other sources stay. */
const sayKeptSecrets = ({ session, keeper, name }: Run, { seen, wanted, memory }: ReloadPlan): void => {
  const secret = new Set(seen.state.device.peers.flatMap((peer) => (peer.presharedKey ? peer.publicKey : [])))
  const kept = (wanted.device as DeviceChange).peers
    .filter((peer) => peer.presharedKey === undefined && secret.has(peer.publicKey))
    .map(({ publicKey }) => publicKey)
    .filter((key) => !memory.presharedKeys?.has(key))
  const told = keeper?.journal.told ?? []
  const news = kept.filter((key) => !told.includes(key))
  if (news.length === 0) return
  const which = news.length === 1 ? `of peer ${news[0]}` : `of ${news.length} peers`
  session.dependencies.print(`[!] The preshared key ${which} of ${name} is not from the file, and stays.\n`)
  keeper?.update({ told: kept })
}

/** Restores the state before the reload, as far as it differs now. */
const goBack = async (run: Run, first: ReloadPlan): Promise<void> => {
  const { seen } = first
  const { session, keeper } = run
  const back = run.unstoppable
  try {
    const wanted = asBefore(seen)
    const exact: EndpointMemory = { configured: new Map() }
    const now = await look(session, keeper?.journal)
    const plan = difference(now, wanted, exact, run.name)
    const before = keeper && first.journal?.configured
    await converge(
      back,
      now,
      plan,
      { wanted, memory: exact },
      () => before && keeper.update({ configured: before }),
    )
    await restoreGateway(back, first.journal)
    session.dependencies.print(`[!] ${run.name} was not changed: everything is as it was before.\n`)
  } catch (error) {
    if (!(error instanceof Failure || error instanceof Interrupted)) throw error
    session.dependencies.print(`[!] ${run.name} is between two states: \`wgq reload ${run.name}\` goes on.\n`)
  }
}

/** Refuses a tunnel whose interface is elsewhere, before {@link recover} would clean up after it. */
const refuseWithoutInterface = async (session: Session): Promise<void> => {
  const { name, system, runDirectory, dependencies } = session
  const journal = readJournal(runDirectory, name)
  if (!journal || system.name !== 'linux' || (await linkOf(session, journal))) return
  if ((await dependencies.devices.list()).includes(name)) throw withoutInterface(name)
}

const refuseRenamed = async (session: Session, journal: Journal | undefined): Promise<void> => {
  const { name, system } = session
  if (!journal || system.name !== 'linux') return
  const link = await linkOf(session, journal)
  if (!link || link.name === name || link.index !== journal.linkIndex) return
  const { message, hint } = renamedText(name, link.name)
  throw new WgqError('E_RENAMED', message, { hint })
}

/** Hides a mark that the file does not set: it is part of the default route or the kill switch. */
const withoutChosenMark = (
  differences: readonly Difference[],
  { fwmark }: DeviceChange,
): readonly Difference[] => {
  const owners = new Set(['default route', 'kill switch'])
  if (fwmark !== undefined || !differences.some(({ object }) => owners.has(object))) return differences
  return differences.filter(({ object, field }) => object !== 'interface' || field !== 'fwmark')
}

const hooksDifference = ({ settings }: Session, journal: Journal | undefined): Difference[] => {
  const noted = journal?.configured?.hooks
  if (noted === undefined || noted === hooksDigest(settings.hooks)) return []
  return [{ object: 'hooks', running: 'those of `up`', wanted: 'changed; they are not run' }]
}

/** Prints the steps of a dry run and carries out none. */
const tell = ({ session, floors, steps }: ReloadPlan): number => {
  for (const op of [...floors, ...steps]) {
    const words = session.system.spell(op, session)
    if (words !== undefined) session.dependencies.print(`[#] ${words.replaceAll('\n', '\n[#] ')}\n`)
    session.notice?.(op)
  }
  return 0
}
