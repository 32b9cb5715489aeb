// SPDX-License-Identifier: MIT
import { directiveValue, setDirective } from '@wgq/config/directives'
import { printDocument } from '@wgq/config/document'
import { appendPeer } from '@wgq/config/edit'
import type { ConfigPart } from '@wgq/config/parts'
import { derivePublicKey } from '@wgq/keys/derive'
import { generatePresharedKey, generatePrivateKey } from '@wgq/keys/generate'
import { formatCidr } from '@wgq/model/cidr'
import { WgqError } from '@wgq/model/error'
import { type Key, parseKey, zeroKey } from '@wgq/model/key'
import { unlessInterrupted } from '@wgq/quick/run/act'
import type { Session } from '@wgq/quick/session'
import type { Handler } from '../command.ts'
import { oneValue, type ParsedArguments, parseArguments } from '../options.ts'
import { chooseAddresses } from './addresses.ts'
import { clientText, serverSide } from './client.ts'
import { delivering, deliveryOf } from './deliver.ts'
import { askEndpoint, endpointCandidates, fullEndpoint } from './endpoint.ts'
import { newName } from './name.ts'
import { type Before, changePeers, strangers } from './transaction.ts'
import { readTunnelFile, type TunnelFile } from './tunnel-file.ts'

/**
 * wgq peer add IF NAME: changes keys, addresses, the server's file, the running tunnel and the client's file in one
 * transaction.
 */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments(invocation)
  const [tunnel = '', word = ''] = parsed.operands
  const keys = clientKeys(parsed)
  return changePeers(
    invocation,
    tunnel,
    async (session) => {
      const delivery = deliveryOf(parsed, session.configPath, false)
      newName(word, readTunnelFile(session.configPath))
      return { delivery, endpoint: await chosenEndpoint(session, parsed) }
    },
    async (before, { delivery, endpoint }) => {
      const { device, document, parts, peers } = before
      const name = newName(word, before)
      const side = serverSide(before)
      checkKey(keys.publicKey, before)
      const addresses = chooseAddresses(
        side.addresses,
        [...peers, ...strangers(before)].flatMap(({ allowedIps }) => allowedIps),
        oneValue(parsed, 'address'),
      )
      const added = appendPeer(document, {
        name,
        values: [
          ['PublicKey', keys.publicKey],
          ['PresharedKey', keys.presharedKey],
          ['AllowedIPs', addresses.map(formatCidr).join(', ')],
        ],
      })
      const text = await clientText(side, device, { name, ...keys, addresses, endpoint: endpoint.text })
      return {
        parts: remembering({ parts, document: added }, endpoint),
        deliver: await delivering(name, text, delivery),
      }
    },
  )
}

/**
 * Raises `E_PEER_KEY` if a public key cannot be that of a peer: the server or another peer, running or in the file, has
 * it, or it is no public key of a machine. `except` is the peer's key until now.
 */
export const checkKey = (publicKey: Key, before: Before, except?: Key): void => {
  const { publicKey: own, privateKey } = serverSide(before)
  const taken = [...before.peers, ...strangers(before)].some((peer) => peer.publicKey === publicKey)
  const fault =
    publicKey === zeroKey
      ? 'The public key is all zeros: no machine has it'
      : publicKey === privateKey
        ? 'This is the private key of the server, a public key of the client is expected'
        : publicKey === own
          ? 'This is the public key of the server'
          : taken && publicKey !== except
            ? 'A peer has this public key already'
            : undefined
  if (fault !== undefined)
    throw new WgqError('E_PEER_KEY', fault, {
      hint: 'each peer needs a key of its own: `wgq genkey | wgq pubkey` on the client makes one',
    })
}

/** The parts with a new document of `NAME.conf`, which stores an endpoint that the user entered. */
export const remembering = (
  { parts: [main, ...rest], document }: Pick<TunnelFile, 'parts' | 'document'>,
  endpoint: Chosen,
): ConfigPart[] => {
  const next = endpoint.remember ? setDirective(document, 'ClientEndpoint', endpoint.text) : document
  return [{ ...main, source: { ...main.source, text: printDocument(next) } }, ...rest]
}

/** The endpoint of the server for a client, and whether to store it in the file. */
interface Chosen {
  readonly text: string
  readonly remember: boolean
}

interface ClientKeys {
  readonly privateKey?: Key
  readonly publicKey: Key
  readonly presharedKey: Key
}

/** New keys, or the public key given for the client. Raises `E_KEY`. */
export const clientKeys = (parsed: ParsedArguments): ClientKeys => {
  const given = oneValue(parsed, 'public-key')
  const presharedKey = generatePresharedKey()
  if (given !== undefined) return { publicKey: parseKey(given), presharedKey }
  const privateKey = generatePrivateKey()
  return { privateKey, publicKey: derivePublicKey(privateKey), presharedKey }
}

/**
 * The endpoint of the server for a client: from the option, the file's `# ClientEndpoint`, or the user's answer, which
 * is to be stored in the file. Raises `E_ENDPOINT`.
 */
export const chosenEndpoint = async (session: Session, parsed: ParsedArguments): Promise<Chosen> => {
  const side = serverSide(readTunnelFile(session.configPath))
  const known = oneValue(parsed, 'endpoint') ?? directiveValue(side.directives, 'ClientEndpoint')
  if (known !== undefined) return { text: fullEndpoint(known, side.port), remember: false }
  const candidates = await endpointCandidates(session.dependencies.host, session.name)
  const stop = new AbortController()
  try {
    const asked = askEndpoint(candidates, session.configPath, stop.signal)
    const answer = await unlessInterrupted(session, asked)
    return { text: fullEndpoint(answer, side.port), remember: true }
  } finally {
    stop.abort()
  }
}
