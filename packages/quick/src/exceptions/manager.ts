// SPDX-License-Identifier: MIT
import type { Op } from '@wgq/model/operation'
import type { Run } from '../run/run.ts'
import type { AsideState } from '../state/tunnel-state.ts'

/** The marks that exceptions need; undefined where they need none, or nothing has a mark. */
export const asideOf = (mark: number, allow: readonly string[] = []): AsideState | undefined => {
  const marked = allow.filter((token) => token === 'replies' || token.startsWith('uid '))
  return mark === 0 || marked.length === 0 ? undefined : { mark, allow: marked }
}

/** The operation that puts them in place, or others in the place of some that are there. */
export const planAsideOn = (dev: string, state: AsideState): Op => ({ do: 'aside.on', dev, ...state })

/** Marks what stays outside of a tunnel with the mark of its encrypted packets. Raises {@link Failure}. */
export const openAside = async (run: Run, mark: number): Promise<void> => {
  const aside = asideOf(mark, run.session.exceptions?.allow)
  if (aside) await run.perform([planAsideOn(run.name, aside)])
}
