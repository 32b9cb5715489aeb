// SPDX-License-Identifier: MIT
import { existsSync } from 'node:fs'
import { WgqError } from '@wgq/model/error'
import type { Dependencies } from '../dependencies.ts'
import type { Session } from '../session.ts'
import type { Journal } from './journal.ts'
import type { Run } from './run.ts'

/**
 * The session inside a network namespace: its host, its sysctls, and a way to run programs there. Devices stay
 * unchanged: a daemon and its socket belong to the namespace that they were started in. Raises `E_UNSUPPORTED` on other
 * systems.
 */
export const enter = async (session: Session, netns: string): Promise<Session> => {
  const { dependencies } = session
  if (!dependencies.openHost)
    throw new WgqError('E_UNSUPPORTED', 'Network namespaces exist on Linux only', {
      hint: 'leave out --netns',
    })
  const host = await dependencies.openHost(netns)
  const { filterTables: _, ...others } = dependencies
  return {
    ...session,
    into: netns,
    dependencies: {
      ...others,
      ...dependencies.sysctlsInside?.(netns),
      host,
      run: runInside(dependencies.run, netns),
    },
  }
}

/** Says whether there is a network namespace of that name. */
const exists = (netns: string): boolean => existsSync(`/run/netns/${netns}`)

/** Raises `E_NETNS` if there is no network namespace of that name. */
export const checkNamespace = (netns: string): void => {
  if (exists(netns)) return
  throw new WgqError('E_NETNS', `There is no network namespace \`${netns}'`, {
    hint: `\`ip netns add ${netns}\` makes it, \`ip netns list\` shows those there are`,
  })
}

/** The session in the namespace of a journal's tunnel. Raises `E_NETNS` if the namespace is gone. */
export const sessionOf = async (session: Session, journal: Journal | undefined): Promise<Session> => {
  const into = journal?.into
  if (into === undefined) return session
  if (exists(into)) return enter(session, into)
  throw new WgqError('E_NETNS', `The network namespace \`${into}' of ${session.name} is gone`, {
    hint: `\`wgq down ${session.name}\` cleans up`,
  })
}

/** The same, or undefined if the namespace is gone with everything in it. */
export const sessionIfThere = async (session: Session, journal: Journal): Promise<Session | undefined> =>
  journal.into === undefined || exists(journal.into) ? sessionOf(session, journal) : undefined

/** Moves the interface of a run into the namespace of the session `inside`. */
export const moveInside = async (run: Run, inside: Session, netns: string): Promise<void> => {
  await run.perform([{ do: 'link.move', name: run.name, netns }])
  const link = await inside.dependencies.host.link(inside.name)
  if (link) run.keeper?.update({ linkIndex: link.index })
}

const runInside =
  (run: Dependencies['run'], netns: string): Dependencies['run'] =>
  (program, args, options) =>
    run('nsenter', [`--net=/run/netns/${netns}`, '--', program, ...args], options)
