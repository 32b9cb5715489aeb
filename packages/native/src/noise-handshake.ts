// SPDX-License-Identifier: MIT
import { loadAddon } from './addon.ts'
import type { PrivateKey } from './noise-primitives.ts'

// The messages of Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s (spec protocol §3) alone, with keys of the caller: tests and
// scripts/verify-prebuilt compare them with vectors. The engine makes and opens them itself. Results are written to buffers
// of the caller, as in noise-primitives.ts; type, indices and macs of a message are left to the caller. False: a DH result
// is zero or a tag is wrong; the buffers then hold nothing of use. Linux and the BSDs.

/** Bytes of the state between two messages: chaining key, then transcript hash. */
export const transcriptBytes = 64
/** Bytes of a session's keys: what the initiator sends with, then what the responder sends with. */
export const sessionKeysBytes = 64

/** An initiation to create (§3.1); `message` and `transcript` are written. */
interface InitiationToCreate {
  readonly message: Uint8Array
  readonly transcript: Uint8Array
  readonly localStatic: Uint8Array
  readonly remoteStatic: Uint8Array
  readonly staticStatic: Uint8Array
  readonly ephemeral: PrivateKey
  readonly timestamp: Uint8Array
}

/** An initiation whose sender is wanted (§3.2 steps 2 to 4); `transcript` and `remoteStatic` are written. */
interface StaticToOpen {
  readonly message: Uint8Array
  readonly transcript: Uint8Array
  readonly remoteStatic: Uint8Array
  readonly localStatic: PrivateKey
  readonly localPublic: Uint8Array
}

/** The rest of such an initiation (§3.2 steps 5 and 6); `transcript` goes on, `timestamp` (12 bytes) is written. */
interface TimestampToOpen {
  readonly message: Uint8Array
  readonly transcript: Uint8Array
  readonly staticStatic: Uint8Array
  readonly timestamp: Uint8Array
}

/** A response to create (§3.3); `message` and `keys` are written. */
interface ResponseToCreate {
  readonly message: Uint8Array
  readonly keys: Uint8Array
  readonly transcript: Uint8Array
  readonly remoteEphemeral: Uint8Array
  readonly remoteStatic: Uint8Array
  readonly presharedKey: Uint8Array
  readonly ephemeral: PrivateKey
}

/** A response to open (§3.4); `keys` is written. */
interface ResponseToOpen {
  readonly message: Uint8Array
  readonly keys: Uint8Array
  readonly transcript: Uint8Array
  readonly ephemeral: PrivateKey
  readonly localStatic: PrivateKey
  readonly presharedKey: Uint8Array
}

interface Binding {
  createInitiation(job: InitiationToCreate): boolean
  openStatic(job: StaticToOpen): boolean
  openTimestamp(job: TimestampToOpen): boolean
  createResponse(job: ResponseToCreate): boolean
  openResponse(job: ResponseToOpen): boolean
}

const binding = (): Binding => loadAddon().noise

/** Writes the encrypted part of an initiation and its ephemeral key. */
export const createInitiation = (job: InitiationToCreate): boolean => binding().createInitiation(job)

/** Finds who sent an initiation. */
export const openStatic = (job: StaticToOpen): boolean => binding().openStatic(job)

/** Opens the timestamp of an initiation whose sender is known. */
export const openTimestamp = (job: TimestampToOpen): boolean => binding().openTimestamp(job)

/** Writes the encrypted part of a response, its ephemeral key and the keys of the session. */
export const createResponse = (job: ResponseToCreate): boolean => binding().createResponse(job)

/** Opens a response and writes the keys of the session. */
export const openResponse = (job: ResponseToOpen): boolean => binding().openResponse(job)
