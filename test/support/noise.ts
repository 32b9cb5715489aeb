// SPDX-License-Identifier: MIT
// WireGuard's handshake and transport for tests, independent of packages/dataplane so that it can verify it (whitepaper
// §5.4; spec protocol §1-§6). Straight from the formulas, without a state machine.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  randomBytes,
} from 'node:crypto'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { blake2s } from '@noble/hashes/blake2.js'
import { hmac } from '@noble/hashes/hmac.js'

/** An X25519 key pair, 32 raw bytes each. */
export interface KeyPair {
  readonly privateKey: Buffer
  readonly publicKey: Buffer
}

/** Message types, the first byte on the wire. */
export const messageType = { initiation: 1, response: 2, cookie: 3, transport: 4 } as const

const pkcs8 = Buffer.from('302e020100300506032b656e04220420', 'hex')
const spki = Buffer.from('302a300506032b656e032100', 'hex')

/** A fresh key pair. */
export const makeKeys = (): KeyPair => {
  const { privateKey, publicKey } = generateKeyPairSync('x25519')
  return {
    privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(pkcs8.length),
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).subarray(spki.length),
  }
}

/** The key pair of a private key. */
export const keysOf = (privateKey: Buffer): KeyPair => ({
  privateKey,
  publicKey: createPublicKey(privateOf(privateKey))
    .export({ format: 'der', type: 'spki' })
    .subarray(spki.length),
})

/** Derives the key pairs of `count` peers from a text, so that two processes have the same. */
export const initiatorKeys = (seed: string, count: number): KeyPair[] =>
  Array.from({ length: count }, (_, i) => keysOf(createHash('sha256').update(`${seed} ${i}`).digest()))

const privateOf = (raw: Buffer) =>
  createPrivateKey({ key: Buffer.concat([pkcs8, raw]), format: 'der', type: 'pkcs8' })

const dh = (privateKey: Buffer, publicKey: Buffer): Buffer =>
  diffieHellman({
    privateKey: privateOf(privateKey),
    publicKey: createPublicKey({ key: Buffer.concat([spki, publicKey]), format: 'der', type: 'spki' }),
  })

const hash = (...parts: Uint8Array[]): Buffer => Buffer.from(blake2s(Buffer.concat(parts)))
const mac = (key: Uint8Array, data: Uint8Array): Buffer => Buffer.from(blake2s(data, { key, dkLen: 16 }))

const kdf = (count: 1 | 2 | 3, key: Uint8Array, input: Uint8Array): Buffer[] => {
  const secret = hmac(blake2s, key, input)
  const out: Buffer[] = []
  for (let i = 1; i <= count; i++)
    out.push(Buffer.from(hmac(blake2s, secret, Buffer.concat([out[i - 2] ?? Buffer.alloc(0), Buffer.of(i)]))))
  return out
}

const nonceOf = (counter: bigint): Buffer => {
  const nonce = Buffer.alloc(12)
  nonce.writeBigUInt64LE(counter, 4)
  return nonce
}

const seal = (key: Buffer, counter: bigint, plain: Uint8Array, aad: Uint8Array): Buffer => {
  const cipher = createCipheriv('chacha20-poly1305', key, nonceOf(counter), { authTagLength: 16 })
  cipher.setAAD(aad, { plaintextLength: plain.length })
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

const open = (key: Buffer, counter: bigint, sealed: Buffer, aad: Uint8Array): Buffer | undefined => {
  const cipher = createDecipheriv('chacha20-poly1305', key, nonceOf(counter), { authTagLength: 16 })
  cipher.setAAD(aad, { plaintextLength: sealed.length - 16 })
  cipher.setAuthTag(sealed.subarray(sealed.length - 16))
  try {
    return Buffer.concat([cipher.update(sealed.subarray(0, sealed.length - 16)), cipher.final()])
  } catch {
    return undefined
  }
}

/** One step of the handshake's running state: chaining key and hash. */
class Transcript {
  ck = hash(Buffer.from('Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s'))
  h: Buffer

  constructor(responder: Buffer) {
    this.h = hash(hash(this.ck, Buffer.from('WireGuard v1 zx2c4 Jason@zx2c4.com')), responder)
  }

  absorb(data: Uint8Array): void {
    this.h = hash(this.h, data)
  }

  mix(input: Buffer): void {
    this.ck = kdf(1, this.ck, input)[0] as Buffer
  }

  mixKey(input: Buffer): Buffer {
    const [ck, key] = kdf(2, this.ck, input) as [Buffer, Buffer]
    this.ck = ck
    return key
  }

  mixPsk(psk: Buffer): Buffer {
    const [ck, middle, key] = kdf(3, this.ck, psk) as [Buffer, Buffer, Buffer]
    this.ck = ck
    this.absorb(middle)
    return key
  }

  sealed(key: Buffer, plain: Uint8Array): Buffer {
    const out = seal(key, 0n, plain, this.h)
    this.absorb(out)
    return out
  }

  opened(key: Buffer, sealed: Buffer): Buffer | undefined {
    const out = open(key, 0n, sealed, this.h)
    this.absorb(sealed)
    return out
  }
}

/** TAI64N of a time in nanoseconds since 1970; whole resolution, unlike a daemon that whitens it. */
export const tai64n = (unixNs: bigint): Buffer => {
  const stamp = Buffer.alloc(12)
  stamp.writeBigUInt64BE(0x400000000000000an + unixNs / 1_000_000_000n)
  stamp.writeUInt32BE(Number(unixNs % 1_000_000_000n), 8)
  return stamp
}

/** Now, for {@link tai64n}. */
const nowTai64n = (): Buffer => tai64n(BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6)))

/** Writes mac1, and mac2 when there is a cookie, over the last 32 bytes of a handshake message. */
export const writeMacs = (message: Buffer, receiverPublic: Buffer, cookie?: Buffer): Buffer => {
  const at1 = message.length - 32
  const at2 = message.length - 16
  mac(hash(Buffer.from('mac1----'), receiverPublic), message.subarray(0, at1)).copy(message, at1)
  if (cookie) mac(cookie, message.subarray(0, at2)).copy(message, at2)
  else message.fill(0, at2)
  return message
}

/** Returns whether mac1 of a handshake message is valid for the owner of `publicKey`. */
export const mac1Fits = (message: Buffer, publicKey: Buffer): boolean =>
  mac(hash(Buffer.from('mac1----'), publicKey), message.subarray(0, message.length - 32)).equals(
    message.subarray(message.length - 32, message.length - 16),
  )

/** Returns whether mac2 was made with `cookie`. */
export const mac2Fits = (message: Buffer, cookie: Buffer): boolean =>
  mac(cookie, message.subarray(0, message.length - 16)).equals(message.subarray(message.length - 16))

/** An initiation under way: the message and what is needed to read the response. */
export interface Initiation {
  readonly message: Buffer
  readonly localIndex: number
  readonly finish: (response: Buffer, psk?: Buffer) => Session | undefined
}

/** Values that determine the bytes of an initiation; absent ones are generated. */
export interface InitiationChoices {
  readonly timestamp?: Buffer
  readonly localIndex?: number
  readonly ephemeral?: KeyPair
  readonly cookie?: Buffer | undefined
}

/** Makes an initiation from `own` to the holder of `remotePublic`. */
export const initiate = (own: KeyPair, remotePublic: Buffer, choices: InitiationChoices = {}): Initiation => {
  const ephemeral = choices.ephemeral ?? makeKeys()
  const localIndex = choices.localIndex ?? randomBytes(4).readUInt32LE()
  const t = new Transcript(remotePublic)
  t.mix(ephemeral.publicKey)
  t.absorb(ephemeral.publicKey)
  const sealedStatic = t.sealed(t.mixKey(dh(ephemeral.privateKey, remotePublic)), own.publicKey)
  const sealedTime = t.sealed(t.mixKey(dh(own.privateKey, remotePublic)), choices.timestamp ?? nowTai64n())
  const head = Buffer.alloc(8)
  head.writeUInt32LE(messageType.initiation)
  head.writeUInt32LE(localIndex, 4)
  const message = writeMacs(
    Buffer.concat([head, ephemeral.publicKey, sealedStatic, sealedTime, Buffer.alloc(32)]),
    remotePublic,
    choices.cookie,
  )
  const finish = (response: Buffer, psk: Buffer = Buffer.alloc(32)): Session | undefined => {
    if (response.length !== 92 || response.readUInt32LE(8) !== localIndex) return undefined
    const after = Object.assign(new Transcript(remotePublic), { ck: t.ck, h: t.h })
    const remoteEphemeral = response.subarray(12, 44)
    after.mix(remoteEphemeral)
    after.absorb(remoteEphemeral)
    after.mix(dh(ephemeral.privateKey, remoteEphemeral))
    after.mix(dh(own.privateKey, remoteEphemeral))
    if (!after.opened(after.mixPsk(psk), response.subarray(44, 60))) return undefined
    const [sendKey, receiveKey] = kdf(2, after.ck, Buffer.alloc(0)) as [Buffer, Buffer]
    return new Session(localIndex, response.readUInt32LE(4), sendKey, receiveKey)
  }
  return { message, localIndex, finish }
}

/** The content of an initiation for its receiver, and the state to answer it. */
export interface ReadInitiation {
  readonly remoteStatic: Buffer
  readonly remoteIndex: number
  readonly timestamp: Buffer
  readonly respond: (choices?: {
    psk?: Buffer | undefined
    localIndex?: number
    ephemeral?: KeyPair
    cookie?: Buffer | undefined
  }) => { readonly message: Buffer; readonly session: Session }
}

/** Reads an initiation for `own`; undefined when it does not decrypt. */
export const readInitiation = (own: KeyPair, message: Buffer): ReadInitiation | undefined => {
  if (message.length !== 148 || message.readUInt32LE() !== messageType.initiation) return undefined
  const t = new Transcript(own.publicKey)
  const remoteEphemeral = message.subarray(8, 40)
  t.mix(remoteEphemeral)
  t.absorb(remoteEphemeral)
  const remoteStatic = t.opened(t.mixKey(dh(own.privateKey, remoteEphemeral)), message.subarray(40, 88))
  if (!remoteStatic) return undefined
  const timestamp = t.opened(t.mixKey(dh(own.privateKey, remoteStatic)), message.subarray(88, 116))
  if (!timestamp) return undefined
  const remoteIndex = message.readUInt32LE(4)
  return {
    remoteStatic,
    remoteIndex,
    timestamp,
    respond: (choices = {}) => {
      const after = Object.assign(new Transcript(own.publicKey), { ck: t.ck, h: t.h })
      const ephemeral = choices.ephemeral ?? makeKeys()
      const localIndex = choices.localIndex ?? randomBytes(4).readUInt32LE()
      after.mix(ephemeral.publicKey)
      after.absorb(ephemeral.publicKey)
      after.mix(dh(ephemeral.privateKey, remoteEphemeral))
      after.mix(dh(ephemeral.privateKey, remoteStatic))
      const empty = after.sealed(after.mixPsk(choices.psk ?? Buffer.alloc(32)), Buffer.alloc(0))
      const head = Buffer.alloc(12)
      head.writeUInt32LE(messageType.response)
      head.writeUInt32LE(localIndex, 4)
      head.writeUInt32LE(remoteIndex, 8)
      const response = Buffer.concat([head, ephemeral.publicKey, empty, Buffer.alloc(32)])
      const [receiveKey, sendKey] = kdf(2, after.ck, Buffer.alloc(0)) as [Buffer, Buffer]
      return {
        message: writeMacs(response, remoteStatic, choices.cookie),
        session: new Session(localIndex, remoteIndex, sendKey, receiveKey),
      }
    },
  }
}

/** A parsed transport message. */
interface Transport {
  readonly counter: bigint
  /** Still padded; empty for a keepalive. */
  readonly plain: Buffer
}

/** The keys of one session; sending counts up by itself unless a counter is given. */
export class Session {
  nextCounter = 0n
  readonly localIndex: number
  readonly remoteIndex: number
  private readonly sendKey: Buffer
  private readonly receiveKey: Buffer

  constructor(localIndex: number, remoteIndex: number, sendKey: Buffer, receiveKey: Buffer) {
    this.localIndex = localIndex
    this.remoteIndex = remoteIndex
    this.sendKey = sendKey
    this.receiveKey = receiveKey
  }

  /** A transport message; the packet is padded to 16 bytes unless `padTo` says otherwise (1: not at all). */
  seal(packet: Uint8Array, options: { counter?: bigint; padTo?: number } = {}): Buffer {
    const counter = options.counter ?? this.nextCounter++
    const padTo = options.padTo ?? 16
    const plain = Buffer.alloc(Math.ceil(packet.length / padTo) * padTo)
    plain.set(packet)
    const head = Buffer.alloc(16)
    head.writeUInt32LE(messageType.transport)
    head.writeUInt32LE(this.remoteIndex, 4)
    head.writeBigUInt64LE(counter, 8)
    return Buffer.concat([head, seal(this.sendKey, counter, plain, Buffer.alloc(0))])
  }

  /** Opens a transport message of this session; undefined for anything else. */
  open(message: Buffer): Transport | undefined {
    if (message.length < 32 || message.readUInt32LE() !== messageType.transport) return undefined
    if (message.readUInt32LE(4) !== this.localIndex) return undefined
    const counter = message.readBigUInt64LE(8)
    const plain = open(this.receiveKey, counter, message.subarray(16), Buffer.alloc(0))
    return plain && { counter, plain }
  }
}

/** The cookie in a reply to a message of ours whose mac1 was `sentMac1`; undefined when it does not decrypt. */
export const readCookie = (reply: Buffer, remotePublic: Buffer, sentMac1: Buffer): Buffer | undefined => {
  if (reply.length !== 64 || reply.readUInt32LE() !== messageType.cookie) return undefined
  try {
    const key = hash(Buffer.from('cookie--'), remotePublic)
    return Buffer.from(xchacha20poly1305(key, reply.subarray(8, 32), sentMac1).decrypt(reply.subarray(32)))
  } catch {
    return undefined
  }
}

/** A cookie reply from `own` to a handshake message. */
export const makeCookieReply = (own: KeyPair, message: Buffer, cookie: Buffer): Buffer => {
  const head = Buffer.alloc(8)
  head.writeUInt32LE(messageType.cookie)
  head.writeUInt32LE(message.readUInt32LE(4), 4)
  const nonce = randomBytes(24)
  const key = hash(Buffer.from('cookie--'), own.publicKey)
  const mac1 = message.subarray(message.length - 32, message.length - 16)
  return Buffer.concat([head, nonce, xchacha20poly1305(key, nonce, mac1).encrypt(cookie)])
}
