// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'
import { isAlive } from '../run/process-mark.ts'
import { endpointRouteFile, readEndpointRoutes } from './endpoint-route-file.ts'
import { EndpointRouteKeeper } from './endpoint-route-keeper.ts'
import type { BsdRunner } from './runner.ts'
import type { BsdAround } from './system.ts'

/**
 * Makes the host routes to the endpoints of an interface for the families whose default route it took, and starts the
 * process that keeps them right unless it runs already.
 */
export const keepEndpointRoutes = async (
  around: BsdAround,
  runner: BsdRunner,
  real: string,
  families: readonly Family[],
): Promise<void> => {
  const { session, host } = around
  const statePath = endpointRouteFile(session.runDirectory, session.name)
  const keeper = new EndpointRouteKeeper(host, session.edges.devices, statePath, runner.echo)
  await keeper.refresh(real, families)
  const { monitor } = readEndpointRoutes(statePath) ?? {}
  if (monitor !== undefined && isAlive({ pid: monitor, started: '' })) return
  session.edges.print('[+] Backgrounding route monitor\n')
  keeper.handOver(around.startMonitor({ name: session.name, statePath }))
}
