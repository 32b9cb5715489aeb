// SPDX-License-Identifier: MIT
import type { Session } from '../session.ts'
import { bsdDown, bsdSave } from './down.ts'
import { openBsdAround } from './open.ts'
import { bsdUp } from './up.ts'

/** {@link bsdUp} on the BSD that this program runs on. */
export const upOnBsd = (session: Session): Promise<number> => bsdUp(openBsdAround(session))

/** {@link bsdDown} on the BSD that this program runs on. */
export const downOnBsd = (session: Session): Promise<number> => bsdDown(openBsdAround(session))

/** {@link bsdSave} on the BSD that this program runs on. */
export const saveOnBsd = (session: Session): Promise<number> => bsdSave(openBsdAround(session))
