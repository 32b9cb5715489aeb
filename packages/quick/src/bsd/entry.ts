// SPDX-License-Identifier: MIT

import type { Session } from '../session.ts'
import type { Difference } from '../state/device-difference.ts'
import { bsdDown, bsdSave } from './down.ts'
import { openBsdAround } from './open.ts'
import { bsdReload, planBsdReload } from './reload.ts'
import { bsdUp } from './up.ts'

/** {@link bsdUp} on the BSD that this program runs on. */
export const upOnBsd = (session: Session): Promise<number> => bsdUp(openBsdAround(session))

/** {@link bsdDown} on the BSD that this program runs on. */
export const downOnBsd = (session: Session): Promise<number> => bsdDown(openBsdAround(session))

/** {@link bsdSave} on the BSD that this program runs on. */
export const saveOnBsd = (session: Session): Promise<number> => bsdSave(openBsdAround(session))

/** {@link bsdReload} on the BSD that this program runs on. */
export const reloadOnBsd = (session: Session): Promise<number> => bsdReload(openBsdAround(session))

/** What {@link planBsdReload} finds on the BSD that this program runs on. */
export const differencesOnBsd = async (session: Session): Promise<readonly Difference[]> =>
  (await planBsdReload(openBsdAround(session))).differences
