// SPDX-License-Identifier: MIT
import { formatEndpoint } from '@wgq/model/endpoint'
import { keyToHex, zeroKey } from '@wgq/model/key'
import { blockBytes } from './block-pool.ts'
import type { ServedPeerHealth, ServedPeerState, ServedState } from './server-device.ts'

/** Bytes per piece of a reply: large enough for few writes, small enough to stay responsive. */
const pieceLength = blockBytes - 1024

/** The reply to `get=1` in pieces of about 64 KiB, in wireguard-go's order (spec wg §12.1), without `errno`. */
export function* formatGetReply(state: ServedState): Generator<string> {
  let text = ''
  for (const line of lines(state)) {
    text += line
    text += '\n'
    if (text.length < pieceLength) continue
    yield text
    text = ''
  }
  if (text !== '') yield text
}

/** The reply to `wgq_counters=1`: one line per counter, without `errno`. */
export const formatCounters = (counters: Readonly<Record<string, number>>): string =>
  Object.entries(counters)
    .map(([name, value]) => `wgq_counter_${name}=${value}\n`)
    .join('')

/** The reply to `wgq_peers=1`: the peers that have something to report, without `errno`. */
export const formatHealth = (peers: Iterable<ServedPeerHealth>): string => {
  let text = ''
  for (const { publicKey, unansweredSeconds, attempts, clockAheadSeconds } of peers) {
    if (unansweredSeconds + attempts + clockAheadSeconds === 0) continue
    text += `wgq_peer=${keyToHex(publicKey)}\nwgq_unanswered_seconds=${unansweredSeconds}\n`
    text += `wgq_attempts=${attempts}\nwgq_clock_ahead_seconds=${clockAheadSeconds}\n`
  }
  return text
}

// --- internal ---

function* lines(state: ServedState): Generator<string> {
  if (state.privateKey !== undefined) yield `private_key=${keyToHex(state.privateKey)}`
  // The name is boringtun's; `wg` ignores it.
  else if (state.publicKey !== undefined) yield `own_public_key=${keyToHex(state.publicKey)}`
  if (state.listenPort !== 0) yield `listen_port=${state.listenPort}`
  // An extension of the protocol; every client ignores unknown keys.
  if (state.listenError !== undefined) yield `wgq_listen_error=${state.listenError}`
  if (state.fwmark !== 0) yield `fwmark=${state.fwmark}`
  for (const peer of state.peers) yield* peerLines(peer)
}

function* peerLines(peer: ServedPeerState): Generator<string> {
  yield `public_key=${keyToHex(peer.publicKey)}`
  yield `preshared_key=${keyToHex(peer.presharedKey ?? zeroKey)}`
  yield 'protocol_version=1'
  if (peer.endpoint) yield `endpoint=${formatEndpoint(peer.endpoint)}`
  yield `last_handshake_time_sec=${peer.lastHandshakeNs / 1_000_000_000n}`
  yield `last_handshake_time_nsec=${peer.lastHandshakeNs % 1_000_000_000n}`
  yield `tx_bytes=${peer.txBytes}`
  yield `rx_bytes=${peer.rxBytes}`
  yield `persistent_keepalive_interval=${peer.keepaliveSeconds}`
  for (const prefix of peer.allowedIps) yield `allowed_ip=${prefix}`
}
