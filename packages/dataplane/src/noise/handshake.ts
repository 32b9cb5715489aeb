// SPDX-License-Identifier: MIT
import { hash, kdf, open, type PrivateKey, seal, wipePrivateKey, x25519 } from '@wgq/native/noise-primitives'
import { type KeyPair, keyLength } from './dh.ts'
import { initiation, messageType, response } from './messages.ts'
import { timestampLength } from './tai64n.ts'

// Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s as WireGuard uses it, spec protocol §3. Each function works on copies of its
// input state, so a forged message leaves no trace. The caller adds macs.

/** The start of every handshake (§3.1 steps 1 and 2), computed on first use. */
const prologue = (): Transcript => {
  if (!begun) {
    const [chainingKey, transcriptHash] = [Buffer.allocUnsafe(keyLength), Buffer.allocUnsafe(keyLength)]
    hash(chainingKey, Buffer.from('Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s'))
    hash(transcriptHash, chainingKey, Buffer.from('WireGuard v1 zx2c4 Jason@zx2c4.com'))
    begun = { chainingKey, hash: transcriptHash }
  }
  return begun
}
let begun: Transcript | undefined

const nothing = Buffer.alloc(0)

/** Chaining key and transcript hash between two messages of a handshake. */
export interface Transcript {
  readonly chainingKey: Buffer
  readonly hash: Buffer
}

/** State of an initiator until the response arrives. */
export interface InitiatorState extends Transcript {
  readonly ephemeral: KeyPair
  readonly localIndex: number
}

/** State of a responder after an initiation that decrypted. */
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

/** Called with every intermediate value; tests compare them with the vectors. */
export type Trace = (step: string, values: Readonly<Record<string, Uint8Array>>) => void

/** Wipes the state between two messages when it is no longer needed, including an initiator's ephemeral key. */
export const forgetTranscript = (state: ResponderState | InitiatorState): void => {
  state.chainingKey.fill(0)
  state.hash.fill(0)
  if ('ephemeral' in state) wipePrivateKey(state.ephemeral.privateKey)
}

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
  trace?: Trace,
): { readonly message: Buffer; readonly state: InitiatorState } | undefined => {
  const message = Buffer.alloc(initiation.length)
  message[0] = messageType.initiation
  message.writeUInt32LE(input.localIndex, initiation.sender)
  const mix = new Mixer(prologue(), trace)
  mix.mixHash(input.remoteStatic)
  mix.note('prologue', {})
  input.ephemeral.publicKey.copy(message, initiation.ephemeral)
  mix.mixKey(input.ephemeral.publicKey)
  mix.mixHash(input.ephemeral.publicKey)
  mix.note('e', { e: input.ephemeral.publicKey })
  if (!mix.mixDh('es', input.ephemeral.privateKey, input.remoteStatic)) return mix.refuse()
  const sealedStatic = message.subarray(initiation.static, initiation.timestamp)
  mix.seal(sealedStatic, input.localStatic)
  mix.note('s', { encrypted_static: sealedStatic })
  mix.mixSecret('ss', input.staticStatic)
  const sealedTime = message.subarray(initiation.timestamp, initiation.mac1)
  mix.seal(sealedTime, input.timestamp)
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
  trace?: Trace,
): { readonly remoteStatic: Buffer; readonly state: ResponderState } | undefined => {
  const remoteEphemeral = Buffer.from(message.subarray(initiation.ephemeral, initiation.static))
  const mix = new Mixer(prologue(), trace)
  mix.mixHash(local.publicKey)
  mix.note('prologue', {})
  mix.mixKey(remoteEphemeral)
  mix.mixHash(remoteEphemeral)
  mix.note('e', { e: remoteEphemeral })
  if (!mix.mixDh('es', local.privateKey, remoteEphemeral)) return mix.refuse()
  const sealedStatic = message.subarray(initiation.static, initiation.timestamp)
  const remoteStatic = Buffer.allocUnsafe(keyLength)
  if (!mix.open(remoteStatic, sealedStatic)) return mix.refuse()
  mix.note('s', { encrypted_static: sealedStatic })
  const secret = staticStatic(remoteStatic)
  if (!secret) return mix.refuse()
  mix.mixSecret('ss', secret)
  const sealedTime = message.subarray(initiation.timestamp, initiation.mac1)
  const timestamp = Buffer.allocUnsafe(timestampLength)
  if (!mix.open(timestamp, sealedTime)) return mix.refuse()
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
  trace?: Trace,
): { readonly message: Buffer; readonly keys: TransportKeys } | undefined => {
  const message = Buffer.alloc(response.length)
  message[0] = messageType.response
  message.writeUInt32LE(input.localIndex, response.sender)
  message.writeUInt32LE(input.state.remoteIndex, response.receiver)
  input.ephemeral.publicKey.copy(message, response.ephemeral)
  const mix = new Mixer(input.state, trace)
  mix.mixHash(input.ephemeral.publicKey)
  mix.mixKey(input.ephemeral.publicKey)
  mix.note('e', { e: input.ephemeral.publicKey })
  const own = input.ephemeral.privateKey
  if (!mix.mixDhKeyless('ee', own, input.state.remoteEphemeral)) return mix.refuse()
  if (!mix.mixDhKeyless('se', own, input.remoteStatic)) return mix.refuse()
  mix.mixPresharedKey(input.presharedKey)
  const sealed = message.subarray(response.empty, response.mac1)
  mix.seal(sealed, nothing)
  mix.note('{}', { encrypted_nothing: sealed })
  return { message, keys: mix.split() }
}

/** Opens the response to our initiation (§3.4). Undefined if not genuine; the state stays usable for the real one. */
export const openResponse = (
  message: Buffer,
  input: {
    readonly state: InitiatorState
    readonly localStatic: KeyPair
    readonly presharedKey: Uint8Array
  },
  trace?: Trace,
): { readonly remoteIndex: number; readonly keys: TransportKeys } | undefined => {
  const remoteEphemeral = message.subarray(response.ephemeral, response.empty)
  const mix = new Mixer(input.state, trace)
  mix.mixHash(remoteEphemeral)
  mix.mixKey(remoteEphemeral)
  mix.note('e', { e: remoteEphemeral })
  if (!mix.mixDhKeyless('ee', input.state.ephemeral.privateKey, remoteEphemeral)) return mix.refuse()
  if (!mix.mixDhKeyless('se', input.localStatic.privateKey, remoteEphemeral)) return mix.refuse()
  mix.mixPresharedKey(input.presharedKey)
  const sealed = message.subarray(response.empty, response.mac1)
  if (!mix.open(nothing, sealed)) return mix.refuse()
  mix.note('{}', { encrypted_nothing: sealed })
  return { remoteIndex: message.readUInt32LE(response.sender), keys: mix.split() }
}

// --- internal ---

/** The symmetric state of Noise: chaining key, transcript hash and the key of the next encryption. */
class Mixer {
  private readonly chainingKey: Buffer
  private readonly transcriptHash: Buffer
  private readonly key = Buffer.allocUnsafe(keyLength)
  private readonly secret = Buffer.allocUnsafe(keyLength)
  private readonly trace: Trace | undefined

  constructor(from: Transcript, trace: Trace | undefined) {
    this.chainingKey = Buffer.from(from.chainingKey)
    this.transcriptHash = Buffer.from(from.hash)
    this.trace = trace
  }

  mixHash(data: Uint8Array): void {
    hash(this.transcriptHash, this.transcriptHash, data)
  }

  mixKey(input: Uint8Array): void {
    kdf(this.chainingKey, input, this.chainingKey)
  }

  /** (CK, K) = KDF2(CK, secret). */
  mixSecret(step: string, secret: Uint8Array): void {
    kdf(this.chainingKey, secret, this.chainingKey, this.key)
    this.note(step, { dh: secret, k: this.key })
  }

  mixDh(step: string, own: PrivateKey, other: Uint8Array): boolean {
    if (!x25519(this.secret, own, other)) return false
    this.mixSecret(step, this.secret)
    this.secret.fill(0)
    return true
  }

  /** CK = KDF1(CK, DH): the two DHs of the response make no key. */
  mixDhKeyless(step: string, own: PrivateKey, other: Uint8Array): boolean {
    if (!x25519(this.secret, own, other)) return false
    this.mixKey(this.secret)
    this.note(step, { dh: this.secret })
    this.secret.fill(0)
    return true
  }

  mixPresharedKey(presharedKey: Uint8Array): void {
    const temporary = this.secret
    kdf(this.chainingKey, presharedKey, this.chainingKey, temporary, this.key)
    this.mixHash(temporary)
    this.note('psk', { t: temporary, k: this.key })
    temporary.fill(0)
  }

  /** Encrypts with the key mixed last, which must be used for only one message. */
  seal(out: Uint8Array, plaintext: Uint8Array): void {
    seal(out, this.key, plaintext, this.transcriptHash)
    this.key.fill(0)
    this.mixHash(out)
  }

  open(out: Uint8Array, sealed: Uint8Array): boolean {
    const genuine = open(out, this.key, sealed, this.transcriptHash)
    this.key.fill(0)
    if (genuine) this.mixHash(sealed)
    return genuine
  }

  transcript(): Transcript {
    return { chainingKey: this.chainingKey, hash: this.transcriptHash }
  }

  split(): TransportKeys {
    const [fromInitiator, fromResponder] = [Buffer.allocUnsafe(keyLength), Buffer.allocUnsafe(keyLength)]
    kdf(this.chainingKey, nothing, fromInitiator, fromResponder)
    this.chainingKey.fill(0)
    return { fromInitiator, fromResponder }
  }

  /** Wipes everything, for a handshake that failed. */
  refuse(): undefined {
    this.chainingKey.fill(0)
    this.key.fill(0)
  }

  note(step: string, values: Readonly<Record<string, Uint8Array>>): void {
    this.trace?.(step, { ck: this.chainingKey, h: this.transcriptHash, ...values })
  }
}
