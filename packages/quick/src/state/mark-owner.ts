// SPDX-License-Identifier: MIT
import type { Host, Route } from '@wgq/model/host'
import { allJournals } from '../run/journal-files.ts'
import type { Session } from '../session.ts'
import { isDefault } from './routes.ts'

/**
 * Says whether a mark belongs to the default route of another tunnel: the journal of a running one notes its rule, or its
 * table sends packets through another WireGuard interface. Two tunnels may have one mark, but only one of them has the
 * rules. Raises the host's errors.
 */
export const isMarkOfAnother = async (session: Session, real: string, mark: number): Promise<boolean> => {
  const { host, devices } = session.dependencies
  for (const { interface: other, into, undo } of allJournals(session.runDirectory)) {
    if (other === session.name || into !== session.into) continue
    const isNoted = undo.some((op) => op.do === 'rule.delete' && op.rule.notFwmark === mark)
    if (isNoted && (await host.link(other))) return true
  }
  const others = (await defaultsIn(host, mark)).filter(({ dev }) => dev !== real)
  if (others.length === 0) return false
  const tunnels = await devices.list()
  return others.some(({ dev }) => dev !== undefined && tunnels.includes(dev))
}

/** The default routes of both families in a table, without those that refuse packets. Raises the host's errors. */
export const defaultsIn = async (host: Pick<Host, 'routes'>, table: number): Promise<Route[]> => {
  const routes = [...(await host.routes({ family: 4, table })), ...(await host.routes({ family: 6, table }))]
  return routes.filter(({ dst, type }) => isDefault(dst) && type === undefined)
}
