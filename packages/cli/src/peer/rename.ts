// SPDX-License-Identifier: MIT
import { renameBlock } from '@wgq/config/peers/edit-blocks'
import type { Handler } from '../command.ts'
import { parseArguments } from '../options.ts'
import { renameKept } from './kept.ts'
import { newName } from './name.ts'
import { changePeers } from './transaction.ts'
import { findPlaced, withEdit, withEditOfEach } from './tunnel-file.ts'

/** wgq peer rename IF PEER NAME: keeps keys, addresses and sessions. */
export const run: Handler = async (invocation) => {
  const { operands } = await parseArguments(invocation)
  const [tunnel = '', word = '', next = ''] = operands
  return changePeers(
    invocation,
    tunnel,
    async () => undefined,
    async (before) => {
      const peer = findPlaced(before, word)
      const name = newName(next, before)
      return {
        parts:
          peer.name === undefined
            ? withEdit(before.parts, peer, (document, block) => renameBlock(document, block, name))
            : withEditOfEach(before.parts, peer, (document, block) =>
                block.name === undefined ? document : renameBlock(document, block, name),
              ),
        deliver: () => {
          if (peer.name !== undefined) renameKept(before.session.configPath, peer.name, name)
        },
      }
    },
  )
}
