// SPDX-License-Identifier: MIT
import { BsdHost } from '@wgq/backends/bsd/host'
import { bsdDown, bsdSave } from './bsd/down.ts'
import { openBsdAround } from './bsd/open.ts'
import { bsdUp } from './bsd/up.ts'
import { down } from './down.ts'
import { saveRunning } from './save.ts'
import type { Session } from './session.ts'
import { up } from './up.ts'

/** wg-quick up in the way of the system whose host the session has. See {@link up}, {@link bsdUp}. */
export const upHere = (session: Session): Promise<number> =>
  session.edges.host instanceof BsdHost ? bsdUp(openBsdAround(session, session.edges.host)) : up(session)

/** wg-quick down in the way of the system whose host the session has. See {@link down}, {@link bsdDown}. */
export const downHere = (session: Session): Promise<number> =>
  session.edges.host instanceof BsdHost ? bsdDown(openBsdAround(session, session.edges.host)) : down(session)

/** wg-quick save in the way of the system whose host the session has. See {@link saveRunning}, {@link bsdSave}. */
export const saveHere = (session: Session): Promise<number> =>
  session.edges.host instanceof BsdHost
    ? bsdSave(openBsdAround(session, session.edges.host))
    : saveRunning(session)
