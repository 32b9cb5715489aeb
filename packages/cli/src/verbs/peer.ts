// SPDX-License-Identifier: MIT
import { nearest } from '@wgq/config/nearest'
import { WgqError } from '@wgq/model/error'
import type { Handler } from '../command.ts'
import { commandsUnder } from '../command-table.ts'

const handlers: Record<string, () => Promise<{ run: Handler }>> = {
  add: () => import('../peer/add.ts'),
  list: () => import('../peer/list.ts'),
  show: () => import('../peer/show.ts'),
  remove: () => import('../peer/remove.ts'),
  rename: () => import('../peer/rename.ts'),
  disable: () => import('../peer/switch.ts'),
  enable: () => import('../peer/switch.ts'),
  rotate: () => import('../peer/rotate.ts'),
  expire: () => import('../peer/expire.ts'),
}

/** wgq peer ACTION …: runs one of the rows of command-rows/peer.ts. Raises `E_USAGE` for an unknown action. */
export const run: Handler = async (invocation) => {
  const [action, ...args] = invocation.args
  const load = action !== undefined && Object.hasOwn(handlers, action) ? handlers[action] : undefined
  if (load) return (await load()).run({ ...invocation, verb: `peer ${action}`, args })
  const actions = commandsUnder('peer').map(({ verb }) => verb.slice('peer '.length))
  const guess = action === undefined ? undefined : nearest(action, actions)
  throw new WgqError(
    'E_USAGE',
    action === undefined ? 'peer: what to do is missing' : `peer: ${JSON.stringify(action)} is not an action`,
    { hint: guess === undefined ? `there are ${actions.join(', ')}` : `did you mean \`wgq peer ${guess}\`?` },
  )
}
