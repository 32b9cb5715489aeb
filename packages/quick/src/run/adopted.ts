// SPDX-License-Identifier: MIT
import type { Op } from '@wgq/model/operation'
import type { Session } from '../session.ts'
import type { Seen } from '../state/seen.ts'
import { hooksOfDown } from './hooks.ts'
import { inverse } from './inverse.ts'
import { type Journal, startJournal } from './journal.ts'

/** A journal for a tunnel that another program brought up, or whose journal is lost: notes what looks like its own. */
export const adopted = ({ seen, session }: { readonly seen: Seen; readonly session: Session }): Journal => {
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
    ...(state.floors ?? []).map((floor): Op => ({ do: 'floor.add', ...floor })),
    ...(state.dns ? [{ do: 'dns.set', dev, ...state.dns } as const] : []),
    ...(state.firewall ? [{ do: 'firewall.load', tool: 'nft', text: '' } as const] : []),
    ...(state.killSwitch ? [{ do: 'killswitch.on', dev, ...state.killSwitch } as const] : []),
    ...(state.aside ? [{ do: 'aside.on', dev, ...state.aside } as const] : []),
  ]
  return {
    ...startJournal(dev, session.configPath),
    state: 'up',
    linkIndex: seen.link.index,
    hooks: hooksOfDown(session.settings),
    undo: made.flatMap((op) => inverse(op) ?? []),
  }
}
