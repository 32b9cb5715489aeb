// SPDX-License-Identifier: MIT
import type { Session } from '../session.ts'
import type { Difference } from '../state/device-difference.ts'
import { planReload, reload } from './reload.ts'

const isLinux = process.platform === 'linux'

/** wgq reload in the way of this system: {@link reload} or that of the BSDs, which is loaded there only. */
export const reloadHere = async (session: Session): Promise<number> =>
  isLinux ? reload(session) : (await import('../bsd/entry.ts')).reloadOnBsd(session)

/** What differs between a file and its running tunnel, in the way of this system. See {@link planReload}. */
export const differencesHere = async (session: Session): Promise<readonly Difference[]> =>
  isLinux
    ? (await planReload(session)).differences
    : (await import('../bsd/entry.ts')).differencesOnBsd(session)
