// SPDX-License-Identifier: MIT
import type { KeyObject } from 'node:crypto'
import { open, seal } from './aead.ts'
import { dh, importPublicKey, type KeyPair } from './dh.ts'
import { hash, kdf } from './hash.ts'
import { initiation, messageType, response } from './messages.ts'

// Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s as WireGuard uses it, spec protocol §3. Each function works on copies of the
// state it is given, so a message that turns out to be forged leaves nothing behind. macs are added by the caller.

const initialChainingKey = hash(Buffer.from('Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s'))
const initialHash = hash(initialChainingKey, Buffer.from('WireGuard v1 zx2c4 Jason@zx2c4.com'))

/** Chaining key and transcript hash between two messages of a handshake. */
export interface Transcript {
  readonly chainingKey: Buffer
  readonly hash: Buffer
}

/** What an initiator keeps until the response arrives. */
export interface InitiatorState extends Transcript {
  readonly ephemeral: KeyPair
  readonly localIndex: number
}

/** What a responder knows after an initiation that decrypted. */
export interface ResponderState extends Transcript {
  readonly remoteEphemeral: Buffer
  readonly remoteIndex: number
  readonly timestamp: Buffer
}

/** The two transport keys: the initiator sends with the first and receives with the second. */
export interface TransportKeys {
  readonly fromInitiator: Buffer
  readonly fromResponder: Buffer
}

/** Sees every intermediate value; tests compare them with the vectors. */
export type Trace = (step: string, values: Readonly<Record<string, Uint8Array>>) => void
const silent: Trace = () => undefined

/** Builds an initiation (§3.1), macs still zero. Undefined when a DH result is all zero: such a peer gets no packet. */
export const createInitiation = (
  input: {
    readonly localStatic: Buffer
    readonly remoteStatic: Buffer
    readonly staticStatic: Uint8Array
    readonly ephemeral: KeyPair
    readonly localIndex: number
    readonly timestamp: Uint8Array
  },
  trace: Trace = silent,
): { readonly message: Buffer; readonly state: InitiatorState } | undefined => {
  const message = Buffer.alloc(initiation.length)
  message[0] = messageType.initiation
  message.writeUInt32LE(input.localIndex, initiation.sender)
  const mix = new Mixer(initialChainingKey, hash(initialHash, input.remoteStatic), trace)
  mix.note('prologue', {})
  input.ephemeral.publicKey.copy(message, initiation.ephemeral)
  mix.mixKey(input.ephemeral.publicKey)
  mix.mixHash(input.ephemeral.publicKey)
  mix.note('e', { e: input.ephemeral.publicKey })
  if (!mix.mixDh('es', input.ephemeral.privateKey, importPublicKey(input.remoteStatic))) return undefined
  const sealedStatic = mix.seal(input.localStatic)
  sealedStatic.copy(message, initiation.static)
  mix.note('s', { encrypted_static: sealedStatic })
  mix.mixSecret('ss', input.staticStatic)
  const sealedTime = mix.seal(input.timestamp)
  sealedTime.copy(message, initiation.timestamp)
  mix.note('{t}', { encrypted_timestamp: sealedTime })
  return {
    message,
    state: { ...mix.transcript(), ephemeral: input.ephemeral, localIndex: input.localIndex },
  }
}

/**
 * Opens an initiation (§3.2 steps 2 to 6). `staticStatic` finds the precomputed DH of the sender's static key: undefined
 * for a stranger. Returns the sender's key with the state, or undefined for anything that does not decrypt.
 */
export const openInitiation = (
  message: Buffer,
  local: KeyPair,
  staticStatic: (remoteStatic: Buffer) => Uint8Array | undefined,
  trace: Trace = silent,
): { readonly remoteStatic: Buffer; readonly state: ResponderState } | undefined => {
  const remoteEphemeral = Buffer.from(message.subarray(initiation.ephemeral, initiation.static))
  const mix = new Mixer(initialChainingKey, hash(initialHash, local.publicKey), trace)
  mix.note('prologue', {})
  mix.mixKey(remoteEphemeral)
  mix.mixHash(remoteEphemeral)
  mix.note('e', { e: remoteEphemeral })
  if (!mix.mixDh('es', local.privateKey, importPublicKey(remoteEphemeral))) return undefined
  const sealedStatic = message.subarray(initiation.static, initiation.timestamp)
  const remoteStatic = mix.open(sealedStatic)
  if (!remoteStatic) return undefined
  mix.note('s', { encrypted_static: sealedStatic })
  const secret = staticStatic(remoteStatic)
  if (!secret) return undefined
  mix.mixSecret('ss', secret)
  const sealedTime = message.subarray(initiation.timestamp, initiation.mac1)
  const timestamp = mix.open(sealedTime)
  if (!timestamp) return undefined
  mix.note('{t}', { encrypted_timestamp: sealedTime })
  const remoteIndex = message.readUInt32LE(initiation.sender)
  return { remoteStatic, state: { ...mix.transcript(), remoteEphemeral, remoteIndex, timestamp } }
}

/** Builds the response to an opened initiation (§3.3), macs still zero, and the keys of the session. */
export const createResponse = (
  input: {
    readonly state: ResponderState
    readonly remoteStatic: Buffer
    readonly presharedKey: Uint8Array
    readonly ephemeral: KeyPair
    readonly localIndex: number
  },
  trace: Trace = silent,
): { readonly message: Buffer; readonly keys: TransportKeys } | undefined => {
  const message = Buffer.alloc(response.length)
  message[0] = messageType.response
  message.writeUInt32LE(input.localIndex, response.sender)
  message.writeUInt32LE(input.state.remoteIndex, response.receiver)
  input.ephemeral.publicKey.copy(message, response.ephemeral)
  const mix = new Mixer(input.state.chainingKey, input.state.hash, trace)
  mix.mixHash(input.ephemeral.publicKey)
  mix.mixKey(input.ephemeral.publicKey)
  mix.note('e', { e: input.ephemeral.publicKey })
  const own = input.ephemeral.privateKey
  if (!mix.mixDhKeyless('ee', own, importPublicKey(input.state.remoteEphemeral))) return undefined
  if (!mix.mixDhKeyless('se', own, importPublicKey(input.remoteStatic))) return undefined
  mix.mixPresharedKey(input.presharedKey)
  const sealed = mix.seal(new Uint8Array(0))
  sealed.copy(message, response.empty)
  mix.note('{}', { encrypted_nothing: sealed })
  return { message, keys: mix.split() }
}

/** Opens the response to our initiation (§3.4). Undefined when it is not genuine; the state stays good for the real one. */
export const openResponse = (
  message: Buffer,
  input: {
    readonly state: InitiatorState
    readonly localStatic: KeyPair
    readonly presharedKey: Uint8Array
  },
  trace: Trace = silent,
): { readonly remoteIndex: number; readonly keys: TransportKeys } | undefined => {
  const remoteEphemeral = message.subarray(response.ephemeral, response.empty)
  const remote = importPublicKey(remoteEphemeral)
  const mix = new Mixer(input.state.chainingKey, input.state.hash, trace)
  mix.mixHash(remoteEphemeral)
  mix.mixKey(remoteEphemeral)
  mix.note('e', { e: remoteEphemeral })
  if (!mix.mixDhKeyless('ee', input.state.ephemeral.privateKey, remote)) return undefined
  if (!mix.mixDhKeyless('se', input.localStatic.privateKey, remote)) return undefined
  mix.mixPresharedKey(input.presharedKey)
  const sealed = message.subarray(response.empty, response.mac1)
  if (!mix.open(sealed)) return undefined
  mix.note('{}', { encrypted_nothing: sealed })
  return { remoteIndex: message.readUInt32LE(response.sender), keys: mix.split() }
}

// --- internal ---

/** The symmetric state of Noise: chaining key, transcript hash and the key of the next encryption. */
class Mixer {
  private chainingKey: Buffer
  private transcriptHash: Buffer
  private key: Buffer | undefined
  private readonly trace: Trace

  constructor(chainingKey: Buffer, transcriptHash: Buffer, trace: Trace) {
    this.chainingKey = Buffer.from(chainingKey)
    this.transcriptHash = transcriptHash
    this.trace = trace
  }

  mixHash(data: Uint8Array): void {
    this.transcriptHash = hash(this.transcriptHash, data)
  }

  mixKey(input: Uint8Array): void {
    this.replaceChainingKey(kdf(this.chainingKey, input, 1)[0] as Buffer)
  }

  /** (CK, K) = KDF2(CK, secret). */
  mixSecret(step: string, secret: Uint8Array): void {
    const [chainingKey, key] = kdf(this.chainingKey, secret, 2) as [Buffer, Buffer]
    this.replaceChainingKey(chainingKey)
    this.key = key
    this.note(step, { dh: secret, k: key })
  }

  mixDh(step: string, own: KeyObject, other: KeyObject): boolean {
    const secret = dh(own, other)
    if (!secret) return false
    this.mixSecret(step, secret)
    secret.fill(0)
    return true
  }

  /** CK = KDF1(CK, DH): the two DHs of the response make no key. */
  mixDhKeyless(step: string, own: KeyObject, other: KeyObject): boolean {
    const secret = dh(own, other)
    if (!secret) return false
    this.mixKey(secret)
    this.note(step, { dh: secret })
    secret.fill(0)
    return true
  }

  mixPresharedKey(presharedKey: Uint8Array): void {
    const [chainingKey, temporary, key] = kdf(this.chainingKey, presharedKey, 3) as [Buffer, Buffer, Buffer]
    this.replaceChainingKey(chainingKey)
    this.mixHash(temporary)
    this.key = key
    this.note('psk', { t: temporary, k: key })
    temporary.fill(0)
  }

  seal(plaintext: Uint8Array): Buffer {
    const sealed = seal(this.takeKey(), plaintext, this.transcriptHash)
    this.mixHash(sealed)
    return sealed
  }

  open(sealed: Uint8Array): Buffer | undefined {
    const plaintext = open(this.takeKey(), sealed, this.transcriptHash)
    if (plaintext) this.mixHash(sealed)
    return plaintext
  }

  transcript(): Transcript {
    return { chainingKey: this.chainingKey, hash: this.transcriptHash }
  }

  split(): TransportKeys {
    const [fromInitiator, fromResponder] = kdf(this.chainingKey, new Uint8Array(0), 2) as [Buffer, Buffer]
    this.chainingKey.fill(0)
    return { fromInitiator, fromResponder }
  }

  note(step: string, values: Readonly<Record<string, Uint8Array>>): void {
    this.trace(step, { ck: this.chainingKey, h: this.transcriptHash, ...values })
  }

  private takeKey(): Buffer {
    if (!this.key) throw new Error('no key was mixed')
    return this.key
  }

  private replaceChainingKey(next: Buffer): void {
    this.chainingKey.fill(0)
    this.chainingKey = next
  }
}
