// SPDX-License-Identifier: MIT

import { planFirewallRemoval } from '@wgq/firewall/default-route/choose'
import { readFirewall } from '@wgq/firewall/default-route/manager'
import { asideTable } from '@wgq/firewall/exceptions/aside'
import { hasAnyOfGateway } from '@wgq/firewall/gateway/act'
import { killSwitchTable } from '@wgq/firewall/kill-switch/table'
import { findOwn } from '@wgq/firewall/own-table'
import { isWgqError } from '@wgq/model/error'
import type { Op } from '@wgq/model/operation'
import { closeGateway } from './gateway.ts'
import { planFileRestoral } from './name-servers/plan.ts'
import { notWireGuard } from './not-wireguard.ts'
import { isWay, recover } from './recover.ts'
import { endedWith, Failure } from './run/failure.ts'
import { hooksOfDown } from './run/hooks.ts'
import { type Journal, JournalKeeper, notedKillSwitch, readJournal } from './run/journal.ts'
import { Run } from './run/run.ts'
import { underLock } from './run/under-lock.ts'
import type { Session } from './session.ts'
import { planFloorRemoval } from './state/floors.ts'
import { allRules, planMarkRules } from './state/rules.ts'
import { daemonEnd } from './systems/linux/daemon-end.ts'
import { restoreSysctls } from './systems/linux/sysctls.ts'
import { forgetTry } from './try.ts'
import { findLink, isOwn } from './undo.ts'

/**
 * wg-quick down: takes an interface down, whatever brought it up, in upstream's order (spec wg-quick §7). Resolves to
 * the exit status. Raises `E_NOT_WIREGUARD` if there is no such interface. A failing hook stops upstream's `down`
 * halfway; under wgq's name nothing keeps a tunnel up, and what cannot be undone stays noted for the next `down`.
 */
export const down = (session: Session): Promise<number> =>
  underLock(session, async () => {
    forgetTry(session)
    const cleaned = (await recover(session)).get(session.name)
    const journal = readJournal(session.runDirectory, session.name)
    const place = await placeOf(session, journal)
    if (place) return takeDownWithHooks(place, journal)
    if (cleaned !== undefined) return cleaned
    const left = await planLeft(session)
    if (left.length === 0) throw notWireGuard(session.name)
    return new Run(session).attempt(left)
  })

/**
 * Takes down an interface whose configuration file is gone. Cleans up after an interrupted run under either name; takes
 * a running tunnel down by its journal under wgq's name only (upstream refuses). Resolves to the exit status, or to
 * undefined if nothing could be done.
 */
export const downWithoutConfig = (session: Session): Promise<number | undefined> =>
  underLock(session, async () => {
    const { name, style, dependencies, runDirectory } = session
    const cleaned = (await recover(session)).get(name)
    if (cleaned !== undefined) return cleaned
    const journal = readJournal(runDirectory, name)
    const place = style === 'wgq' && journal ? await placeOf(session, journal) : undefined
    if (!place) return undefined
    forgetTry(session)
    dependencies.print(`[!] The configuration of ${name} is gone: going by what \`up\` noted.\n`)
    return takeDownWithHooks(place, journal)
  })

/** A running tunnel: the session of its namespace, and the system's name of its interface. */
interface Place {
  readonly session: Session
  readonly real: string
}

const placeOf = async (session: Session, journal: Journal | undefined): Promise<Place | undefined> => {
  const found = journal && (await findLink(session, journal))
  if (found && isOwn(found.link, journal)) return { session: found.session, real: found.link.name }
  const real = await session.system.realName(session)
  // The kernel lists the devices of one namespace only.
  const listed = real ?? session.name
  return (await session.dependencies.devices.list()).includes(listed) ? { session, real: listed } : undefined
}

const takeDownWithHooks = async ({ session, real }: Place, journal: Journal | undefined): Promise<number> => {
  const { system, settings, style } = session
  const keeper = journal && new JournalKeeper(session.runDirectory, journal)
  const run = new Run(session, keeper)
  const hooks = (style === 'wgq' ? journal?.hooks : undefined) ?? hooksOfDown(settings)
  const preDown = system.planHooks(session, real, hooks.preDown)
  const postDown = system.planHooks(session, real, hooks.postDown)
  try {
    let status = 0
    if (style === 'wgq') status = await run.attempt(preDown)
    else await run.perform(preDown)
    if (settings.saveConfig) await saveIfPossible({ ...session, name: real })
    const left = await takeDown(run.unstoppable, real, journal)
    status ||= left
    if (keeper && left === 0) keeper.remove()
    else keeper?.update({ state: 'stopping' })
    await run.perform(postDown)
    return status
  } catch (error) {
    return endedWith(error)
  }
}

/** Saves the file; under wgq's name, a file that cannot be written does not keep a tunnel up. */
const saveIfPossible = async (session: Session): Promise<void> => {
  try {
    const { save } = await import('./save.ts')
    await save(session)
  } catch (error) {
    if (session.style !== 'wgq' || !isWgqError(error)) throw error
    session.dependencies.print(`[!] ${session.name} is not saved: ${error.message}.\n`)
  }
}

/**
 * Undoes what upstream undoes before the interface, deletes the interface, then undoes DNS and firewall; signals wait
 * until the end. Resolves to the status of what could not be undone. Under upstream's name DNS and firewall do not
 * count.
 */
const takeDown = async (run: Run, real: string, journal: Journal | undefined): Promise<number> => {
  const { system, session, keeper } = run
  await system.beforeLinkGoes(run, journal)
  const gone = await deleteLink(run, real)
  keeper?.settle([{ do: 'link.delete', name: session.name }])
  const dns = system.dnsGoesFirst ? [] : system.planDnsRemoval(session, journal)
  const statuses = [await run.attempt(dns), await system.afterLinkWent(run, journal)]
  const blocking = notedKillSwitch(journal)
  const guarded = await run.attempt(blocking)
  statuses.push(await closeGateway(run, journal))
  if (session.style === 'wgq') {
    restoreSysctls(run)
    const guard = blocking.length > 0 ? [] : await planKillSwitchOff(session)
    statuses.push(await new Run(session).attempt(journal ? guard : await planLeft(session)))
  }
  if (gone && guarded === 0) keeper?.remove()
  if (gone) throw gone
  const counts = session.style === 'wgq' || system.name !== 'linux'
  return guarded || (counts ? (statuses.find((status) => status !== 0) ?? 0) : 0)
}

/** Returns the failure if the interface is gone already: a hook deleted it, and the rest is still cleaned up. */
const deleteLink = async (run: Run, real: string): Promise<Failure | undefined> => {
  try {
    await run.system.deleteLink(run, real)
    return undefined
  } catch (error) {
    if (!(error instanceof Failure) || (await run.session.dependencies.host.link(real))) throw error
    if (run.system.name === 'linux') await daemonEnd(run.session, real)
    return error
  }
}

/** Removes a kill switch that is in no journal. */
const planKillSwitchOff = async ({ name, style, system, dependencies }: Session): Promise<Op[]> =>
  style === 'wgq' && system.name === 'linux' && (await findOwn(dependencies, killSwitchTable, name))
    ? [{ do: 'killswitch.off', dev: name }]
    : []

/**
 * Removes what a tunnel without a journal has left, its interface included: tables that have its name, the rules and
 * floors of the mark that these name, and its lines in the file of name servers.
 */
const planLeft = async (session: Session): Promise<Op[]> => {
  const { name, style, system, dependencies } = session
  if (style !== 'wgq' || system.name !== 'linux') return []
  const { host } = dependencies
  const guard = await findOwn(dependencies, killSwitchTable, name)
  const firewall = await readFirewall(dependencies, name)
  // The mark of an altered one may be that of others.
  const mark = guard?.isAltered ? 0 : guard?.state.mark
  const table = mark || firewall?.families[0]?.mark || 0
  const isTaken = async (family: 4 | 6) => (await host.routes({ family, table })).some(isWay)
  const routing: Op[] =
    table === 0 || (await isTaken(4)) || (await isTaken(6))
      ? []
      : [
          ...planMarkRules(table, await allRules(host)),
          ...(await planFloorRemoval(host, [
            { family: 4, table },
            { family: 6, table },
          ])),
        ]
  return [
    ...planFileRestoral(session),
    ...routing,
    ...(await planFirewallRemoval(dependencies, name)),
    ...((await hasAnyOfGateway(dependencies, name)) ? [{ do: 'gateway.off', dev: name } as const] : []),
    ...((await findOwn(dependencies, asideTable, name)) ? [{ do: 'aside.off', dev: name } as const] : []),
    ...(guard ? [{ do: 'killswitch.off', dev: name } as const] : []),
  ]
}
