// SPDX-License-Identifier: MIT
import { setTimeout as sleep } from 'node:timers/promises'
import type { Op } from '@wgq/model/operation'
import { Failure, Interrupted } from '../run/failure.ts'
import { abandonedJournals, JournalKeeper, readJournal } from '../run/journal.ts'
import { isAlive } from '../run/process-mark.ts'
import { isOwn } from '../undo.ts'
import { endpointRouteFile, readEndpointRoutes } from './endpoint-route-file.ts'
import { EndpointRouteKeeper } from './endpoint-route-keeper.ts'
import { BsdRunner } from './runner.ts'
import type { BsdAround } from './system.ts'

/** How long `down` waits for the route monitor to delete its routes before doing it itself. */
const monitorPatienceMs = 2000

/** How long an interface may take to vanish after its daemon was told to stop (upstream polls every 0.1 s). */
const vanishPatienceMs = 10_000
const pollMs = 100

/** Deletes the interface: the socket of its daemon, or the interface itself; then waits until it is gone. */
export const deleteLink = async (around: BsdAround, runner: BsdRunner, name: string): Promise<void> => {
  const { host } = around
  const real = (await host.realName(name)) ?? name
  const byDaemon = around.daemonSocket(name) !== undefined
  await runner.perform([byDaemon ? { do: 'daemon.stop', name } : { do: 'link.delete', name }])
  for (const deadline = Date.now() + vanishPatienceMs; Date.now() < deadline; await sleep(pollMs))
    if (!(await host.link(real))) return
}

/**
 * Sees that the endpoint routes go: the route monitor deletes them when it notices that the interface is gone; where it
 * does not, or was killed, they are deleted here.
 */
export const removeEndpointRoutes = async (
  around: BsdAround,
  runner: BsdRunner,
  name: string,
  patienceMs = monitorPatienceMs,
): Promise<void> => {
  const { session, host } = around
  const path = endpointRouteFile(session.runDirectory, name)
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await sleep(pollMs)) {
    const state = readEndpointRoutes(path)
    if (!state) return
    if (state.monitor === undefined || !isAlive({ pid: state.monitor, started: '' })) break
  }
  await new EndpointRouteKeeper(host, session.edges.devices, path, runner.echo).remove()
}

/**
 * Takes back what a journal notes: DNS, interface (its routes go with it), endpoint routes. A step that fails does not
 * keep the others from being tried. Resolves to the status of the first that failed, or 0; the journal goes when nothing
 * failed.
 */
export const undoBsd = async (around: BsdAround, keeper: JournalKeeper): Promise<number> => {
  const { host } = around
  const { journal } = keeper
  const runner = new BsdRunner({ ...around, session: { ...around.session, interruption: {} } })
  let status = 0
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      status ||= (error as { status?: number }).status ?? 1
    }
  }
  const dns: Op[] = journal.undo.filter((op) => op.do === 'dns.unset')
  await attempt(() => runner.perform(dns))
  if (journal.undo.some((op) => op.do === 'link.delete')) {
    const real = await host.realName(journal.interface)
    const link = real === undefined ? undefined : await host.link(real)
    if (link && isOwn(link, journal)) await attempt(() => deleteLink(around, runner, journal.interface))
  }
  await attempt(() => removeEndpointRoutes(around, runner, journal.interface))
  if (status === 0) keeper.remove()
  return status
}

/** Undoes a run of `up` that broke off; resolves to the exit status as on Linux (rollback.ts). */
export const rollBackBsd = async (
  around: BsdAround,
  keeper: JournalKeeper,
  error: unknown,
): Promise<number> => {
  const undone = await undoBsd(around, keeper)
  if (error instanceof Failure) return undone || error.status
  if (error instanceof Interrupted) return undone || 1
  throw error
}

/**
 * Cleans up after runs that were cut off, of whatever interface, and after a tunnel whose interface was destroyed by
 * other means. Resolves to the names that were cleaned up.
 */
export const recoverBsd = async (around: BsdAround): Promise<string[]> => {
  const { session, host } = around
  const abandoned = abandonedJournals(session.runDirectory)
  for (const journal of abandoned) await undoBsd(around, new JournalKeeper(session.runDirectory, journal))
  const own = readJournal(session.runDirectory, session.name)
  if (own?.state === 'up' && (await host.realName(session.name)) === undefined)
    await undoBsd(around, new JournalKeeper(session.runDirectory, own))
  return abandoned.map((journal) => journal.interface)
}
