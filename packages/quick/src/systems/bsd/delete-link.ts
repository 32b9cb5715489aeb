// SPDX-License-Identifier: MIT
import { setTimeout as sleep } from 'node:timers/promises'
import type { Run } from '../../run/run.ts'
import { hostOf } from './host-of.ts'
import type { BsdPlaces } from './places.ts'

/** How long an interface may take to vanish after its daemon was stopped (upstream polls every 0.1 s). */
const vanishPatienceMs = 10_000
const pollMs = 100

/** Deletes an interface: the socket of its daemon, or the interface itself; then waits until it is gone. */
export const deleteLink = async (run: Run, places: BsdPlaces, name: string): Promise<void> => {
  const host = hostOf(run.session)
  const real = (await host.realName(name)) ?? name
  const byDaemon = places.daemonSocket(real) !== undefined
  await run.perform([byDaemon ? { do: 'daemon.stop', name } : { do: 'link.delete', name }])
  if (byDaemon) run.keeper?.settle([{ do: 'link.delete', name }])
  for (const deadline = Date.now() + vanishPatienceMs; Date.now() < deadline; await sleep(pollMs))
    if (!(await host.link(real))) return
}
