// SPDX-License-Identifier: MIT
import type { Op } from '@wgq/model/operation'
import type { AsideState } from '../state.ts'

/** The marks that exceptions need; undefined where they need none, or nothing has a mark. */
export const asideOf = (mark: number, allow: readonly string[] = []): AsideState | undefined => {
  const marked = allow.filter((token) => token === 'replies' || token.startsWith('uid '))
  return mark === 0 || marked.length === 0 ? undefined : { mark, allow: marked }
}

/** The operation that puts them in place, or others in the place of some that are there. */
export const planAsideOn = (dev: string, state: AsideState): Op => ({ do: 'aside.on', dev, ...state })
