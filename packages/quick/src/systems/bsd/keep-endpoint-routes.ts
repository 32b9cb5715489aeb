// SPDX-License-Identifier: MIT
import { setTimeout as sleep } from 'node:timers/promises'
import type { Family } from '@wgq/model/ip'
import { isAlive } from '../../run/process-mark.ts'
import type { Run } from '../../run/run.ts'
import { endpointRouteFile, readEndpointRoutes } from './endpoint-route-file.ts'
import { EndpointRouteKeeper } from './endpoint-route-keeper.ts'
import { hostOf } from './host-of.ts'
import type { BsdPlaces } from './places.ts'

/** How long `down` waits for the route monitor to delete its routes before doing it itself. */
const monitorPatienceMs = 2000
const pollMs = 100

/**
 * Adds the host routes to the endpoints of an interface for the families whose default route it took, and starts the
 * process that keeps them current, unless it runs already.
 */
export const keepEndpointRoutes = async (
  run: Run,
  places: BsdPlaces,
  families: readonly Family[],
): Promise<void> => {
  const { name, session } = run
  const statePath = endpointRouteFile(session.runDirectory, name)
  const keeper = keeperOf(run)
  await keeper.refresh((await hostOf(session).realName(name)) ?? name, families)
  const { monitor } = readEndpointRoutes(statePath) ?? {}
  if (monitor !== undefined && isAlive({ pid: monitor, started: '' })) return
  session.dependencies.print('[+] Backgrounding route monitor\n')
  keeper.handOver(places.startMonitor({ name, statePath, binDirectory: session.binDirectory }))
}

/**
 * Ensures that the endpoint routes are deleted: the route monitor does it when it notices that the interface is gone;
 * if it does not, or was killed, they are deleted here.
 */
export const removeEndpointRoutes = async (run: Run, patienceMs = monitorPatienceMs): Promise<void> => {
  const path = endpointRouteFile(run.session.runDirectory, run.name)
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await sleep(pollMs)) {
    const state = readEndpointRoutes(path)
    if (!state) return
    if (state.monitor === undefined || !isAlive({ pid: state.monitor, started: '' })) break
  }
  await keeperOf(run).remove()
}

const keeperOf = ({ name, session }: Run): EndpointRouteKeeper =>
  new EndpointRouteKeeper(
    hostOf(session),
    session.dependencies.devices,
    endpointRouteFile(session.runDirectory, name),
    (argv) => session.dependencies.print(`[#] ${argv.join(' ')}\n`),
  )
