// SPDX-License-Identifier: MIT
import type { ConfigPart } from '@wgq/config/parts'
import { disableBlock, enableBlock } from '@wgq/config/peers/edit-blocks'
import { hasExpired } from '@wgq/config/peers/expiry'
import type { Handler } from '../command.ts'
import { parseArguments } from '../options.ts'
import { changePeers } from './transaction.ts'
import { expire, findPlaced, type PlacedPeer, withEditOfEach } from './tunnel-file.ts'

/** wgq peer disable IF PEER… and wgq peer enable IF PEER…: turns the peers' lines into comments, or back into lines. */
export const run: Handler = async (invocation) => {
  const { operands } = await parseArguments(invocation)
  const [tunnel = '', ...words] = operands
  const change = invocation.verb === 'peer enable' ? enabled : disabled
  return changePeers(
    invocation,
    tunnel,
    async () => undefined,
    async (before) => ({
      parts: words
        .map((word) => findPlaced(before, word))
        .reduce<readonly ConfigPart[]>((parts, peer) => change(parts, peer), before.parts),
    }),
  )
}

const disabled = (parts: readonly ConfigPart[], peer: PlacedPeer): readonly ConfigPart[] =>
  withEditOfEach(parts, peer, (document, block) =>
    block.disabled ? document : disableBlock(document, block),
  )

/** Removes an expiry date in the past, which would disable the peer again at once. */
const enabled = (parts: readonly ConfigPart[], peer: PlacedPeer): readonly ConfigPart[] => {
  const on = withEditOfEach(parts, peer, (document, block) =>
    block.disabled ? enableBlock(document, block) : document,
  )
  return peer.disabled && peer.expires !== undefined && hasExpired(peer.expires, Date.now())
    ? expire(on, peer, undefined)
    : on
}
