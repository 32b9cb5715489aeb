// SPDX-License-Identifier: MIT
import { Edit } from '@wgq/config/edit'
import { WgqError } from '@wgq/model/error'
import { shellWord } from '@wgq/model/shell-word'
import type { Handler } from '../command.ts'
import { parseArguments } from '../options.ts'
import { checkKey, chosenEndpoint, clientKeys, remembering } from './add.ts'
import { clientText, serverSide } from './client.ts'
import { delivering, deliveryOf } from './deliver.ts'
import { readKept } from './kept.ts'
import { changePeers } from './transaction.ts'
import { findPlaced, withEditOfAll } from './tunnel-file.ts'

/**
 * wgq peer rotate IF PEER: creates new keys in the server's file and the running tunnel, and a new file for the client.
 */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments(invocation)
  const [tunnel = '', word = ''] = parsed.operands
  const keys = clientKeys(parsed)
  return changePeers(
    invocation,
    tunnel,
    async (session) => ({
      delivery: deliveryOf(parsed, session.configPath, true),
      endpoint: await chosenEndpoint(session, parsed),
    }),
    async (before, { delivery, endpoint }) => {
      const { session, device } = before
      const peer = findPlaced(before, word)
      const name = peer.name ?? 'client'
      if (peer.disabled)
        throw new WgqError('E_PEER_OFF', `${name} is disabled: its keys are not keys of the tunnel`, {
          hint: `\`wgq peer enable ${shellWord(tunnel)} ${shellWord(word)}\` first`,
        })
      checkKey(keys.publicKey, before, peer.publicKey)
      const addresses = peer.allowedIps.filter(
        ({ family, prefixLength }) => prefixLength === (family === 4 ? 32 : 128),
      )
      if (addresses.length === 0)
        throw new WgqError(
          'E_ADDRESS',
          `${name} has no single address in its AllowedIPs: what its file says is not known`,
          {
            hint: 'make new keys on its side and write the public key into the file by hand',
          },
        )
      const text = await clientText(serverSide(before), device, {
        name,
        ...keys,
        addresses,
        endpoint: endpoint.text,
      })
      const isKept = peer.name !== undefined && readKept(session.configPath, peer.name) !== undefined
      return {
        parts: withEditOfAll(remembering(before, endpoint), peer, (document, blocks) => {
          if (blocks.every(({ disabled }) => disabled)) return document
          const edit = new Edit(document)
          edit.setEach(peer.publicKey, 'PublicKey', keys.publicKey)
          edit.set(peer.publicKey, 'PresharedKey', keys.presharedKey)
          return edit.finish()
        }),
        deliver: await delivering(name, text, {
          ...delivery,
          keepBeside: isKept ? session.configPath : delivery.keepBeside,
        }),
      }
    },
  )
}
