// SPDX-License-Identifier: MIT
import type { Cidr } from '@wgq/model/cidr'
import type { Device } from '@wgq/model/device'
import type { Host } from '@wgq/model/host'
import { chooseTool, firewallWriter } from './firewall/choose.ts'
import { performProtection } from './lenient.ts'
import { withLock } from './run/lock.ts'
import type { Runner } from './run/runner.ts'
import type { Session } from './session.ts'
import { firstMark, planDefaultRoute, srcValidMarkKey } from './state/default-route.ts'

/**
 * Sends everything of the given families through the tunnel (spec wg-quick §6.4). Under a lock: a mark is free while its
 * table is empty, and it stays empty until the route is in.
 */
export const setDefaultRoutes = async (
  session: Session,
  runner: Runner,
  device: Device,
  defaults: readonly Cidr[],
): Promise<void> => {
  if (defaults.length === 0) return
  await withLock(session.runDirectory, 'table', async () => {
    let mark = device.fwmark
    for (const dst of defaults) {
      if (mark === 0) {
        mark = await freeMark(session.edges.host)
        await runner.perform([{ do: 'device.fwmark', name: session.name, fwmark: mark }])
      }
      await setDefaultRoute(session, runner, dst, mark)
    }
  })
}

const setDefaultRoute = async (session: Session, runner: Runner, dst: Cidr, mark: number): Promise<void> => {
  const { name, edges } = session
  const { host } = edges
  const view = {
    rules: await host.rules(dst.family),
    addresses: (await host.addresses(name, dst.family)).map(({ cidr }) => cidr.address),
    srcValidMark: dst.family === 4 ? edges.readSysctl(srcValidMarkKey) : undefined,
  }
  await performProtection(
    session,
    runner,
    planDefaultRoute(name, dst, mark, view, firewallWriter(await chooseTool(session))),
  )
}

/** The first mark from 51820 on whose table is empty in both families. */
export const freeMark = async (host: Host): Promise<number> => {
  for (let mark = firstMark; ; mark++) {
    const used =
      (await host.routes({ family: 4, table: mark })).length > 0 ||
      (await host.routes({ family: 6, table: mark })).length > 0
    if (!used) return mark
  }
}
