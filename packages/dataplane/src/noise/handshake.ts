// SPDX-License-Identifier: MIT
import * as native from '@wgq/native/noise-handshake'
import { wipePrivateKey } from '@wgq/native/noise-primitives'
import { type KeyPair, keyLength } from './dh.ts'
import { initiation, messageType, response } from './messages.ts'
import { timestampLength } from './tai64n.ts'

// The handshake of WireGuard, spec protocol §3. A forged message leaves the state of a handshake alone: an
// initiation that is opened gets a state of its own. The caller adds macs.

/** State of an initiator until the response arrives. */
export interface InitiatorState {
  /** Chaining key and transcript hash. */
  readonly transcript: Buffer
  readonly ephemeral: KeyPair
  readonly localIndex: number
}

/** State of a responder after an initiation that decrypted. */
interface ResponderState {
  readonly transcript: Buffer
  readonly remoteEphemeral: Buffer
  readonly remoteIndex: number
  readonly timestamp: Buffer
}

/** An initiation whose sender is known, before its timestamp is opened. */
export interface Introduction {
  readonly remoteStatic: Buffer
  readonly transcript: Buffer
}

/** The two transport keys: the initiator sends with the first and receives with the second. */
export interface TransportKeys {
  readonly fromInitiator: Buffer
  readonly fromResponder: Buffer
}

/** Wipes the state between two messages when it is no longer needed, including an initiator's ephemeral key. */
export const forgetTranscript = (state: {
  readonly transcript: Buffer
  readonly ephemeral?: KeyPair
}): void => {
  state.transcript.fill(0)
  if (state.ephemeral) wipePrivateKey(state.ephemeral.privateKey)
}

/** Builds an initiation (§3.1), macs still zero. Undefined when a DH result is all zero: such a peer gets no packet. */
export const createInitiation = (input: {
  readonly localStatic: Buffer
  readonly remoteStatic: Buffer
  readonly staticStatic: Uint8Array
  readonly ephemeral: KeyPair
  readonly localIndex: number
  readonly timestamp: Uint8Array
}): { readonly message: Buffer; readonly state: InitiatorState } | undefined => {
  const { ephemeral, localIndex } = input
  const message = Buffer.alloc(initiation.length)
  message[0] = messageType.initiation
  message.writeUInt32LE(localIndex, initiation.sender)
  const transcript = Buffer.alloc(native.transcriptBytes)
  if (!native.createInitiation({ ...input, message, transcript, ephemeral: ephemeral.privateKey }))
    return undefined
  return { message, state: { transcript, ephemeral, localIndex } }
}

/** Finds who sent each initiation (§3.2 steps 2 to 4). Undefined for one that does not decrypt. */
export const openStatics = (
  messages: readonly Buffer[],
  local: KeyPair,
): readonly (Introduction | undefined)[] => {
  const jobs = messages.map((message) => ({
    message,
    transcript: Buffer.allocUnsafe(native.transcriptBytes),
    remoteStatic: Buffer.allocUnsafe(keyLength),
    localStatic: local.privateKey,
    localPublic: local.publicKey,
  }))
  return withResults(jobs, native.openStatics)
}

/**
 * Opens the timestamp of an initiation (§3.2 steps 5 and 6) with the DH of both static keys. The introduction's transcript
 * becomes that of the state. Undefined, and the transcript wiped, for one that does not decrypt.
 */
export const openTimestamp = (
  message: Buffer,
  { transcript }: Introduction,
  staticStatic: Uint8Array,
): ResponderState | undefined => {
  const timestamp = Buffer.allocUnsafe(timestampLength)
  if (!native.openTimestamp({ message, transcript, staticStatic, timestamp })) {
    transcript.fill(0)
    return undefined
  }
  return {
    transcript,
    timestamp,
    remoteEphemeral: message.subarray(initiation.ephemeral, initiation.static),
    remoteIndex: message.readUInt32LE(initiation.sender),
  }
}

/** What a response is made from. */
export interface Answer {
  readonly state: ResponderState
  readonly remoteStatic: Buffer
  readonly presharedKey: Uint8Array
  /** Undefined: a new one, whose private half never leaves OpenSSL. */
  readonly ephemeral?: KeyPair | undefined
}

/** A response, macs and the index of its sender still zero, and the keys of the session. */
export interface MadeResponse {
  readonly message: Buffer
  readonly keys: TransportKeys
}

/** Builds the response to each opened initiation (§3.3). Undefined where a DH result is all zero. */
export const createResponses = (answers: readonly Answer[]): readonly (MadeResponse | undefined)[] => {
  const jobs = answers.map(({ state, remoteStatic, presharedKey, ephemeral }) => {
    const message = Buffer.alloc(response.length)
    message[0] = messageType.response
    message.writeUInt32LE(state.remoteIndex, response.receiver)
    return {
      message,
      keys: Buffer.allocUnsafe(native.sessionKeysBytes),
      transcript: state.transcript,
      remoteEphemeral: state.remoteEphemeral,
      remoteStatic,
      presharedKey,
      ephemeral: ephemeral?.privateKey,
    }
  })
  return withResults(jobs, native.createResponses).map(
    (job) => job && { message: job.message, keys: split(job.keys) },
  )
}

/** A response that answers our initiation. */
interface Answered {
  readonly message: Buffer
  readonly state: InitiatorState
  readonly presharedKey: Uint8Array
}

/** The index of a responder and the keys of the session. */
export interface OpenedResponse {
  readonly remoteIndex: number
  readonly keys: TransportKeys
}

/** Opens responses (§3.4). Undefined for one that is not genuine; the state stays usable for the real one. */
export const openResponses = (
  answers: readonly Answered[],
  localStatic: KeyPair,
): readonly (OpenedResponse | undefined)[] => {
  const jobs = answers.map(({ message, state, presharedKey }) => ({
    message,
    keys: Buffer.allocUnsafe(native.sessionKeysBytes),
    transcript: state.transcript,
    ephemeral: state.ephemeral.privateKey,
    localStatic: localStatic.privateKey,
    presharedKey,
  }))
  return withResults(jobs, native.openResponses).map(
    (job) => job && { remoteIndex: job.message.readUInt32LE(response.sender), keys: split(job.keys) },
  )
}

// --- internal ---

/** The jobs that succeeded, in their places. */
const withResults = <Job>(jobs: readonly Job[], run: (jobs: readonly Job[]) => boolean[]) => {
  if (jobs.length === 0) return []
  const done = run(jobs)
  return jobs.map((job, i) => (done[i] ? job : undefined))
}

const split = (keys: Buffer): TransportKeys => ({
  fromInitiator: keys.subarray(0, keyLength),
  fromResponder: keys.subarray(keyLength),
})
