// SPDX-License-Identifier: MIT
import { down, downWithoutConfig } from './down.ts'
import { saveRunning } from './save.ts'
import type { Session } from './session.ts'
import { up } from './up.ts'

const isLinux = process.platform === 'linux'

/** wg-quick up in the way of this system: {@link up} or that of the BSDs, which is loaded there only. */
export const upHere = async (session: Session): Promise<number> =>
  isLinux ? up(session) : (await import('./bsd/entry.ts')).upOnBsd(session)

/** wg-quick down in the way of this system. */
export const downHere = async (session: Session): Promise<number> =>
  isLinux ? down(session) : (await import('./bsd/entry.ts')).downOnBsd(session)

/** {@link downWithoutConfig}, which only Linux has. */
export const downWithoutConfigHere = isLinux ? downWithoutConfig : undefined

/** wg-quick save in the way of this system. */
export const saveHere = async (session: Session): Promise<number> =>
  isLinux ? saveRunning(session) : (await import('./bsd/entry.ts')).saveOnBsd(session)

/** Journals, locks and what hooks are made of: gone after a restart of the machine. */
export const runDirectory = isLinux ? '/run/wgq' : '/var/run/wgq'
