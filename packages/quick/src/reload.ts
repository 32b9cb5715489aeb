// SPDX-License-Identifier: MIT
import { constants } from 'node:os'
import type { DeviceChange } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import type { Host } from '@wgq/model/host'
import type { Key } from '@wgq/model/key'
import type { Op } from '@wgq/model/operation'
import { chooseTool } from './firewall/choose.ts'
import { gatewayDifferences, renewGateway } from './gateway/manager.ts'
import { isLenient, performProtection } from './lenient.ts'
import { recover } from './recover.ts'
import { unlessInterrupted } from './run/act.ts'
import { configuredBy, hooksDigest } from './run/configured.ts'
import { Failure, Interrupted } from './run/failure.ts'
import { inverse, withoutRepeats } from './run/inverse.ts'
import { type Journal, JournalKeeper, readJournal, startJournal } from './run/journal.ts'
import { sessionOf } from './run/namespace.ts'
import { Run } from './run/run.ts'
import { underLock } from './run/under-lock.ts'
import type { Session } from './session.ts'
import type { Difference, EndpointMemory } from './state/device-difference.ts'
import { difference, type Plan } from './state/difference.ts'
import { isIpv6Off } from './state/ipv6-off.ts'
import { isSetByHook } from './state/mentioned.ts'
import { look, type Seen } from './state/seen.ts'
import type { TunnelState } from './state/tunnel-state.ts'
import { refuseHollow, wantedState } from './state/wanted.ts'
import { freeMark } from './systems/linux/default-routes.ts'
import { hostBeside } from './systems/linux/host-beside.ts'
import { restoreSysctls } from './systems/linux/sysctls.ts'
import { textsOf } from './systems/system.ts'
import { linkOf } from './undo.ts'

/** What differs between a file and its running tunnel, ready to be applied. */
export interface ReloadPlan extends Plan {
  readonly seen: Seen
  readonly wanted: TunnelState
  readonly memory: EndpointMemory
  /** The session in the namespace of the interface, with the options of `up`. */
  readonly session: Session
  readonly gatewayDiffers: boolean
  readonly journal: Journal | undefined
}

/**
 * Compares a running tunnel with its file; changes nothing. Raises `E_NOT_WIREGUARD` where the interface does not run,
 * `E_RENAMED` where it has another name, {@link Interrupted} when a signal came, what {@link refuseHollow} raises for the
 * file, and what reading it raises.
 */
export const planReload = async (session: Session): Promise<ReloadPlan> => {
  const journal = readJournal(session.runDirectory, session.name)
  await refuseRenamed(session, journal)
  const place = await sessionOf(session, journal)
  const inside: Session = {
    ...place,
    killSwitch:
      session.style === 'wgq' && ((session.killSwitch ?? false) || (journal?.options?.killSwitch ?? false)),
    strict: session.strict || journal?.options?.strict === true,
  }
  const change = await unlessInterrupted(
    session,
    session.edges.readWgConfig(`${session.settings.wgConfig}\n`),
  )
  const seen = await look(inside, journal)
  refuseHollow(session.settings, session.configPath, seen.state.device, journal)
  const wanted = await want(inside, session.edges.host, change, seen, journal)
  const memory = memoryOf(journal, seen, session)
  const plan = difference(seen, wanted, memory, session.name)
  const gateway = await gatewayDifferences(inside, journal)
  return {
    ...plan,
    differences: [
      ...withoutChosenMark(plan.differences, change),
      ...gateway,
      ...hooksDifference(session, journal),
    ],
    seen,
    wanted,
    memory,
    session: inside,
    gatewayDiffers: gateway.length > 0,
    journal,
  }
}

/**
 * wgq reload: brings a running tunnel to the state of its file, disturbing nothing that stays. Hooks are not run. Resolves
 * to the exit status; where a step fails the state before comes back.
 */
export const reload = (session: Session): Promise<number> =>
  underLock(session, async () => {
    await recover(session, true)
    return reloadRunning(session)
  })

/** {@link reload} under a lock that is held already. */
export const reloadRunning = async (session: Session): Promise<number> => {
  let run: Run | undefined
  let plan: ReloadPlan | undefined
  try {
    plan = await planReload(session)
    if (session.act !== undefined) return tell(plan)
    run = new Run(plan.session, new JournalKeeper(session.runDirectory, plan.journal ?? adopted(plan)))
    await bringTo(run, plan)
    return 0
  } catch (error) {
    const { signal } = session.interruption
    if (!(error instanceof Failure || error instanceof Interrupted)) throw error
    if (run && plan) await goBack(run, plan)
    return signal ? 128 + constants.signals[signal] : error instanceof Failure ? error.status : 1
  }
}

/** How often one looks again: the kernel takes away more than one asks for, and what it took is put back. */
const mostPasses = 4

const bringTo = async (run: Run, first: ReloadPlan): Promise<void> => {
  const { session, keeper, system } = run
  const { settings, edges } = session
  const hooks = hooksDifference(session, first.journal)
  if (hooks.length > 0)
    edges.print(
      `[!] The hooks of ${run.name} changed: a reload runs none, and \`wgq down\` runs those that came with \`wgq up\`.\n`,
    )
  const { seen, wanted } = first
  const { peers } = wanted.device as DeviceChange
  // Where a manager of name servers cannot be asked, this is what it was told.
  const note = () => keeper?.update({ configured: configuredBy(settings, peers) })
  await converge(run, first, first, note)
  const addressesChange = first.differences.some(({ object }) => object === 'address')
  if (first.gatewayDiffers || (addressesChange && session.gateway)) await renewGateway(run)
  if (wanted.rules.length === 0) restoreSysctls(run)
  await system.keepEndpoints(run)
  const mark =
    wanted.rules.find(({ notFwmark }) => notFwmark !== undefined)?.notFwmark ?? wanted.killSwitch?.mark
  note()
  keeper?.update({
    config: session.configPath,
    options: {
      ...(session.killSwitch ? { killSwitch: true } : {}),
      ...(session.strict ? { strict: true } : {}),
    },
    ...(mark ? { mark } : {}),
    linkIndex: seen.link.index,
    undo: withoutRepeats(keeper.journal.undo),
  })
}

/**
 * Carries a plan out and looks again until nothing differs. Floors come before the first step and go last. Raises
 * {@link Failure} where something still differs in the end.
 */
const converge = async (
  run: Run,
  first: Plan,
  { wanted, memory }: Pick<ReloadPlan, 'wanted' | 'memory'>,
  note: () => void,
): Promise<void> => {
  const { session, keeper } = run
  await run.perform(first.floors)
  let plan = first
  for (let pass = 0; plan.steps.length > 0; pass++) {
    if (pass === mostPasses) {
      session.edges.print(
        `[!] ${run.name} does not become what its file says: ${plan.differences.map(({ object, id = '' }) => `${object} ${id}`.trim()).join(', ')}.\n`,
      )
      throw new Failure(1)
    }
    await performProtection(run, plan.steps)
    note()
    const seen = await look(session, keeper?.journal)
    plan = difference(seen, withPort(wanted), memory, run.name)
  }
  const floors = (keeper?.journal.undo ?? []).filter((op) => op.do === 'floor.delete')
  await run.unstoppable.attempt(floors)
}

/** A port that was asked for as "any" is the one that was given. */
const withPort = (wanted: TunnelState): TunnelState => {
  const { listenPort, ...device } = wanted.device as DeviceChange
  return listenPort === 0 ? { ...wanted, device } : wanted
}

/** The state before, as far as something of it differs now. */
const goBack = async (run: Run, first: ReloadPlan): Promise<void> => {
  const { seen } = first
  const { session, keeper } = run
  const back = run.unstoppable
  try {
    const wanted = asBefore(seen)
    const exact: EndpointMemory = { configured: new Map() }
    const plan = difference(await look(session, keeper?.journal), wanted, exact, run.name)
    const before = keeper && first.journal?.configured
    await converge(
      back,
      plan,
      { wanted, memory: exact },
      () => before && keeper.update({ configured: before }),
    )
    session.edges.print(`[!] ${run.name} was not changed: everything is as it was before.\n`)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    session.edges.print(`[!] ${run.name} is between two states: \`wgq reload ${run.name}\` goes on.\n`)
  }
}

/** A running tunnel as it was, keys included, and what its journal said: for {@link restore}. */
export interface Before {
  readonly state: TunnelState
  readonly journal: Journal | undefined
}

/** The tunnel of a session as it is; undefined where none runs. Raises what reading it raises. */
export const capture = async (session: Session): Promise<Before | undefined> => {
  const journal = readJournal(session.runDirectory, session.name)
  const real = await session.system.realName(await sessionOf(session, journal))
  if (real === undefined || !(await session.edges.devices.list()).includes(real)) return undefined
  const inside = await sessionOf(session, journal)
  return { state: asBefore(await look(inside, journal)), journal }
}

/** Brings a tunnel back to what it was. Resolves to the exit status. */
export const restore = (session: Session, { state, journal }: Before): Promise<number> =>
  underLock(session, async () => {
    const now = readJournal(session.runDirectory, session.name)
    const inside = await sessionOf(session, now)
    const seen = await look(inside, now)
    const keeper = new JournalKeeper(session.runDirectory, now ?? adopted({ seen, session: inside }))
    const run = new Run(inside, keeper)
    const memory: EndpointMemory = { configured: new Map() }
    const { config = session.configPath, configured, options, hooks, mark } = journal ?? {}
    const note = () => keeper.update({ config, ...defined({ configured, options, hooks, mark }) })
    try {
      await converge(run, difference(seen, state, memory, run.name), { wanted: state, memory }, note)
      note()
      return 0
    } catch (error) {
      if (error instanceof Failure) return error.status
      throw error
    }
  })

const defined = <T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never

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
      privateKey: device.privateKey ?? zero,
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

const want = async (
  session: Session,
  outside: Host,
  change: DeviceChange,
  seen: Seen,
  journal: Journal | undefined,
): Promise<TunnelState> => {
  const { system, settings, into } = session
  const withoutIpv6 = isLenient(session) && isIpv6Off(session)
  const ipv6 = settings.addresses.some(({ value }) => value.includes(':')) && !withoutIpv6
  const dns = await system.wantedDns(session)
  return wantedState(settings, change, seen, journal, {
    system,
    isInside: into !== undefined,
    killSwitch: session.killSwitch ?? false,
    withoutIpv6,
    without: journal?.without ?? [],
    mtu: await wantedMtu(session, outside, change, seen, ipv6),
    freeMark: system.takesDefaultBy === 'rules' && into === undefined ? await freeMark(session) : 0,
    firewallTool:
      system.name === 'linux' && (await hasFirewall(session)) ? await chooseTool(session) : undefined,
    dns,
  })
}

const hasFirewall = async ({ edges }: Session): Promise<boolean> =>
  edges.find('nft') !== undefined || edges.find('iptables-restore') !== undefined

/** `outside` is where encrypted packets leave. The file's; where it gives none and no hook sets one, that of a fresh `up`: the tunnel's own routes do not count. */
const wantedMtu = async (
  session: Session,
  outside: Host,
  change: DeviceChange,
  seen: Seen,
  ipv6: boolean,
): Promise<number> => {
  const { settings, system, edges } = session
  if (settings.mtu === undefined && isSetByHook(settings, /\bmtu\b/i)) return seen.link.mtu
  const peers = change.peers.flatMap(({ endpoint, publicKey }) =>
    endpoint ? [{ ...emptyPeer, publicKey, endpoint }] : [],
  )
  const host = hostBeside(outside, seen.real, seen.state.device.fwmark)
  const quiet = { ...session, edges: { ...edges, host, print: () => {} } }
  const chosen = Number(await system.chooseMtu(quiet, peers, ipv6))
  // What is no number is for the system to refuse.
  return Number.isFinite(chosen) ? chosen : seen.link.mtu
}

const emptyPeer = {
  allowedIps: [],
  lastHandshake: { seconds: 0n, nanoseconds: 0 },
  rxBytes: 0n,
  txBytes: 0n,
  keepaliveSeconds: 0,
}

const refuseRenamed = async (session: Session, journal: Journal | undefined): Promise<void> => {
  const { name, system } = session
  if (!journal || system.name !== 'linux') return
  const link = await linkOf(session, journal)
  if (!link || link.name === name || link.index !== journal.linkIndex) return
  throw new WgqError('E_RENAMED', `${name} is called ${link.name} now`, {
    hint: `\`ip link set ${link.name} name ${name}\` gives its name back; \`wgq down ${name}\` takes it down under either`,
  })
}

const memoryOf = (journal: Journal | undefined, { state }: Seen, { settings }: Session): EndpointMemory => ({
  configured: new Map(Object.entries(journal?.configured?.endpoints ?? {}) as [Key, string][]),
  presharedKeys: new Set(
    journal || isSetByHook(settings, /preshared-key|psk|rosenpass/i)
      ? (journal?.configured?.presharedKeys ?? [])
      : state.device.peers.map(({ publicKey }) => publicKey),
  ),
})

/** A mark that nobody asked for is a part of the default route or the kill switch. */
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

/** The journal of a tunnel that somebody else brought up, or whose journal was lost: what has its shape is noted. */
const adopted = ({ seen, session }: Pick<ReloadPlan, 'seen' | 'session'>): Journal => {
  const { state } = seen
  const dev = session.name
  const made: Op[] = [
    { do: 'link.add', name: dev },
    ...state.addresses.map(
      (cidr): Op => ({
        do: 'address.add',
        dev,
        family: cidr.family,
        address: `${cidr.address}/${cidr.prefixLength}`,
      }),
    ),
    ...state.routes.map(
      ({ dst, table }): Op => ({
        do: 'route.add',
        dev,
        dst,
        ...(table === seen.mainTable ? {} : { table }),
      }),
    ),
    ...state.rules.map((rule): Op => ({ do: 'rule.add', rule })),
    ...(state.dns ? [{ do: 'dns.set', dev, ...state.dns } as const] : []),
    ...(state.firewall ? [{ do: 'firewall.load', tool: 'nft', text: '' } as const] : []),
    ...(state.killSwitch ? [{ do: 'killswitch.on', dev, ...state.killSwitch } as const] : []),
  ]
  return {
    ...startJournal(dev, session.configPath),
    state: 'up',
    linkIndex: seen.link.index,
    hooks: {
      preDown: textsOf(session.settings.hooks.preDown),
      postDown: textsOf(session.settings.hooks.postDown),
    },
    undo: made.flatMap((op) => inverse(op) ?? []),
  }
}

/** A dry run: what would be done, and nothing of it. */
const tell = ({ session, floors, steps }: ReloadPlan): number => {
  for (const op of [...floors, ...steps]) {
    const words = session.system.spell(op, session)
    if (words !== undefined) session.edges.print(`[#] ${words.replaceAll('\n', '\n[#] ')}\n`)
    session.notice?.(op)
  }
  return 0
}
