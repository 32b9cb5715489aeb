// SPDX-License-Identifier: MIT
import { asBefore, converge } from './converge.ts'
import { restoreGateway } from './gateway.ts'
import { adopted } from './run/adopted.ts'
import { endedWith } from './run/failure.ts'
import { type Journal, JournalKeeper, readJournal } from './run/journal.ts'
import { sessionOf } from './run/namespace.ts'
import { Run } from './run/run.ts'
import { underLock } from './run/under-lock.ts'
import type { Session } from './session.ts'
import type { EndpointMemory } from './state/device-difference.ts'
import { difference } from './state/difference.ts'
import { look } from './state/seen.ts'
import type { TunnelState } from './state/tunnel-state.ts'

/** A running tunnel with its keys, and its journal at that time: for {@link restore}. */
export interface Before {
  readonly state: TunnelState
  readonly journal: Journal | undefined
}

/** Takes a snapshot of the tunnel of a session; undefined if none runs. Raises the errors of reading it. */
export const capture = async (session: Session): Promise<Before | undefined> => {
  const journal = readJournal(session.runDirectory, session.name)
  const real = await session.system.realName(await sessionOf(session, journal))
  if (real === undefined || !(await session.dependencies.devices.list()).includes(real)) return undefined
  const inside = await sessionOf(session, journal)
  return { state: asBefore(await look(inside, journal)), journal }
}

/** Restores a tunnel from a snapshot. Resolves to the exit status. */
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
      await converge(run, seen, difference(seen, state, memory, run.name), { wanted: state, memory }, note)
      note()
      await restoreGateway(run, journal)
      return 0
    } catch (error) {
      return endedWith(error)
    }
  })

const defined = <T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never
