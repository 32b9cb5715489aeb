// SPDX-License-Identifier: MIT

import { notWireGuard } from '../not-wireguard.ts'
import { Failure } from '../run/failure.ts'
import { JournalKeeper, makeRunDirectory, readJournal } from '../run/journal.ts'
import { save } from '../save.ts'
import { planBsdHooks } from './hook.ts'
import { realWireGuard } from './real-name.ts'
import { BsdRunner } from './runner.ts'
import type { BsdAround } from './system.ts'
import { deleteLink, recoverBsd, removeEndpointRoutes } from './undo.ts'

/**
 * wg-quick down on a BSD, whoever brought the interface up. Resolves to the exit status. Raises `E_NOT_WIREGUARD` where
 * there is no such interface. What a hook breaks off stays as it is then (spec wg-quick §10, §11).
 */
export const bsdDown = async (around: BsdAround): Promise<number> => {
  const { session } = around
  const { name, settings } = session
  makeRunDirectory(session.runDirectory)
  const cleaned = await recoverBsd(around)
  const real = await realWireGuard(around)
  if (real === undefined) {
    if (cleaned.includes(name)) return 0
    throw notWireGuard(name)
  }
  const runner = new BsdRunner(around)
  try {
    await runner.perform(planBsdHooks(name, real, settings.hooks.preDown))
    if (settings.saveConfig) await saveAs(around, real)
    await takeDown(around, runner)
    await runner.perform(planBsdHooks(name, real, settings.hooks.postDown))
    return 0
  } catch (error) {
    if (error instanceof Failure) return error.status
    throw error
  }
}

/** wg-quick save on a BSD. Resolves to the exit status. Raises `E_NOT_WIREGUARD` where there is no such interface. */
export const bsdSave = async (around: BsdAround): Promise<number> => {
  const real = await realWireGuard(around)
  if (real === undefined) throw notWireGuard(around.session.name)
  await saveAs(around, real)
  return 0
}

/** On OpenBSD nobody remembers the name servers of one interface: they stay as configured (spec bsd §5.1). */
const saveAs = ({ session, system }: BsdAround, real: string): Promise<void> =>
  save(
    { ...session, name: real },
    system.dnsGoesFirst ? session.settings.dnsServers.map(({ value }) => value) : undefined,
  )

/** Interface, DNS, endpoint routes; on OpenBSD DNS stands first, because it goes through the interface. */
const takeDown = async (around: BsdAround, runner: BsdRunner): Promise<void> => {
  const { session, system } = around
  const { name, settings } = session
  const journal = readJournal(session.runDirectory, name)
  const noted = journal?.undo.find((op) => op.do === 'dns.unset')
  const manager = system.dnsGoesFirst ? 'resolvd' : 'resolvconf'
  const wanted = !journal && settings.dnsServers.length > 0
  const dns = noted ?? (wanted ? ({ do: 'dns.unset', dev: name, manager } as const) : undefined)
  if (dns && system.dnsGoesFirst) await runner.perform([dns])
  await deleteLink(around, runner, name)
  if (dns && !system.dnsGoesFirst) await runner.perform([dns])
  await removeEndpointRoutes(around, runner, name)
  if (journal) new JournalKeeper(session.runDirectory, journal).remove()
}
