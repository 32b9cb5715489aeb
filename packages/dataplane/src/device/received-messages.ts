// SPDX-License-Identifier: MIT
import type { KeyPair } from '../noise/dh.ts'
import {
  type InitiatorState,
  type Introduction,
  type OpenedResponse,
  openResponses,
  openStatics,
} from '../noise/handshake.ts'
import { messageType, response } from '../noise/messages.ts'
import type { IndexTable } from './index-table.ts'
import { noPresharedKey, type Peer } from './peer.ts'

// The part of receiving that needs no order and changes nothing: it is done for all messages of a turn at once, so that
// several cores share it.

/** A message of type 1, 2 or 3 whose length and mac1 were checked. */
export interface ReceivedMessage {
  readonly message: Buffer
  /** Endpoint record. */
  readonly from: Uint8Array
  /** Boot clock. */
  readonly arrivedMs: number
}

/** A response with the initiation that it names. */
export interface OpenedAnswer {
  readonly peer: Peer
  readonly state: InitiatorState
  /** Undefined: not genuine. */
  readonly opened: OpenedResponse | undefined
}

/** Finds the senders of the initiations; undefined for one that does not decrypt. */
export const openInitiations = (
  messages: readonly ReceivedMessage[],
  identity: KeyPair,
): Map<ReceivedMessage, Introduction | undefined> => {
  const initiations = messages.filter(({ message }) => message[0] === messageType.initiation)
  const opened = openStatics(
    initiations.map(({ message }) => message),
    identity,
  )
  return new Map(initiations.map((received, i) => [received, opened[i]]))
}

/** Opens the responses to our outstanding initiations. */
export const openAnswers = (
  messages: readonly ReceivedMessage[],
  identity: KeyPair,
  indices: IndexTable<Peer>,
): Map<ReceivedMessage, OpenedAnswer> => {
  const answers = messages.flatMap((received) => {
    const { message } = received
    if (message[0] !== messageType.response) return []
    const peer = indices.handshake(message.readUInt32LE(response.receiver))
    const presharedKey = peer?.presharedKey ?? noPresharedKey
    return peer?.initiation ? [{ received, message, peer, state: peer.initiation, presharedKey }] : []
  })
  const opened = openResponses(answers, identity)
  return new Map(
    answers.map(({ received, peer, state }, i) => [received, { peer, state, opened: opened[i] }]),
  )
}
