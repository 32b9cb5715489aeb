// SPDX-License-Identifier: MIT
import { removeBlock } from '@wgq/config/peers/edit-blocks'
import type { Handler } from '../command.ts'
import { parseArguments } from '../options.ts'
import { forget } from './kept.ts'
import { changePeers } from './transaction.ts'
import { findPlaced, withEditOfEach } from './tunnel-file.ts'

/** wgq peer remove IF PEER…: removes peers from the file, the running tunnel and the kept files. */
export const run: Handler = async (invocation) => {
  const { operands } = await parseArguments(invocation)
  const [tunnel = '', ...words] = operands
  return changePeers(
    invocation,
    tunnel,
    async () => undefined,
    async (before) => {
      const peers = new Set(words.map((word) => findPlaced(before, word)))
      return {
        parts: [...peers].reduce<(typeof before.parts)[number][]>(
          (parts, peer) => withEditOfEach(parts, peer, removeBlock),
          [...before.parts],
        ),
        deliver: () => {
          for (const { name } of peers) if (name !== undefined) forget(before.session.configPath, name)
        },
      }
    },
  )
}
