// SPDX-License-Identifier: MIT
import { echoRequest, readEchoReply, trimPadding } from './inner-packet.ts'
import type { Namespace } from './netns.ts'
import {
  type Initiation,
  type InitiationChoices,
  initiate,
  type KeyPair,
  makeKeys,
  messageType,
  type ReadInitiation,
  readInitiation,
  type Session,
} from './noise.ts'
import { type Datagram, type UdpAddress, UdpPort } from './udp-port.ts'

/** Message type of a datagram, 0 for one too short to have one. */
export const typeOf = (datagram: Datagram): number =>
  datagram.data.length >= 4 ? datagram.data.readUInt32LE() : 0

/** Settings of a {@link ProtocolPeer} and its daemon. */
interface PeerOptions {
  readonly ns: Namespace
  /** Local address, and port (0: any). */
  readonly address: string
  readonly port?: number
  readonly keys?: KeyPair
  readonly psk?: Buffer
  readonly remote: { readonly publicKey: Buffer; readonly endpoint: UdpAddress }
  /** Inner address that the daemon allows for this peer, and the daemon's own. */
  readonly inner: { readonly own: string; readonly remote: string }
}

/**
 * A WireGuard peer controlled by a test: it sends and answers nothing by itself, and can send any message in any order.
 * The socket is in a namespace, the protocol code here.
 */
export class ProtocolPeer {
  readonly keys: KeyPair
  readonly psk: Buffer
  readonly remote: PeerOptions['remote']
  readonly inner: PeerOptions['inner']
  port: UdpPort
  private lastEcho = 0

  private constructor(options: PeerOptions, port: UdpPort) {
    this.keys = options.keys ?? makeKeys()
    this.psk = options.psk ?? Buffer.alloc(32)
    this.remote = options.remote
    this.inner = options.inner
    this.port = port
  }

  static async open(options: PeerOptions): Promise<ProtocolPeer> {
    return new ProtocolPeer(options, await UdpPort.open(options.ns, options.address, options.port))
  }

  /** Sends datagrams to the daemon. */
  send(...datagrams: Uint8Array[]): void {
    this.port.send(this.remote.endpoint, ...datagrams)
  }

  /** An initiation to the daemon, not sent. */
  initiation(choices: InitiationChoices = {}): Initiation {
    return initiate(this.keys, this.remote.publicKey, choices)
  }

  /** Sends an initiation and reads the response; undefined when none comes within `timeoutMs`. */
  async tryHandshake(choices: InitiationChoices = {}, timeoutMs = 5_000): Promise<Session | undefined> {
    const initiation = this.initiation(choices)
    this.send(initiation.message)
    const response = await this.port.next(
      timeoutMs,
      (datagram) =>
        typeOf(datagram) === messageType.response && datagram.data.readUInt32LE(8) === initiation.localIndex,
    )
    return response && initiation.finish(response.data, this.psk)
  }

  /** A session with this side as initiator; raises an error when the daemon does not answer. */
  async handshake(choices: InitiationChoices = {}): Promise<Session> {
    const session = await this.tryHandshake(choices)
    if (!session) throw new Error('the daemon did not answer the initiation')
    return session
  }

  /** Waits for an initiation of the daemon; undefined when none comes. */
  async nextInitiation(
    timeoutMs: number,
  ): Promise<{ readonly datagram: Datagram; readonly read: ReadInitiation } | undefined> {
    const datagram = await this.port.next(timeoutMs, (one) => typeOf(one) === messageType.initiation)
    if (!datagram) return undefined
    const read = readInitiation(this.keys, datagram.data)
    if (!read) throw new Error('the initiation of the daemon does not decrypt')
    return { datagram, read }
  }

  /** Waits for an initiation and answers it: a session with this side as responder. */
  async answer(timeoutMs = 10_000): Promise<Session> {
    const initiation = await this.nextInitiation(timeoutMs)
    if (!initiation) throw new Error(`no initiation came within ${timeoutMs} ms`)
    const { message, session } = initiation.read.respond({ psk: this.psk })
    this.send(message)
    return session
  }

  /** The next transport message of `session`; undefined when none comes. */
  async nextTransport(
    session: Session,
    timeoutMs: number,
    wants: (plain: Buffer) => boolean = () => true,
  ): Promise<{ readonly datagram: Datagram; readonly counter: bigint; readonly plain: Buffer } | undefined> {
    let found: { counter: bigint; plain: Buffer } | undefined
    const datagram = await this.port.next(timeoutMs, (one) => {
      const transport = session.open(one.data)
      if (!transport || !wants(transport.plain)) return false
      found = transport
      return true
    })
    return datagram && found && { datagram, ...found }
  }

  /** An echo request to the daemon's inner address; `sequence` counts up by itself. */
  echo(sequence = ++this.lastEcho, payload?: Buffer): Buffer {
    return echoRequest({ from: this.inner.own, to: this.inner.remote }, 7, sequence, payload)
  }

  /** Waits for the echo reply with this sequence number. */
  async echoed(session: Session, sequence: number, timeoutMs: number): Promise<boolean> {
    const reply = await this.nextTransport(
      session,
      timeoutMs,
      (plain) => readEchoReply(trimPadding(plain))?.sequence === sequence,
    )
    return reply !== undefined
  }

  /** Sends an echo request through the session and waits for the reply. */
  async ping(session: Session, options: { counter?: bigint; timeoutMs?: number } = {}): Promise<boolean> {
    const sequence = ++this.lastEcho
    this.send(session.seal(this.echo(sequence), options))
    return this.echoed(session, sequence, options.timeoutMs ?? 5_000)
  }

  /** Keeps the keys and moves to another socket, as a roaming peer does. */
  async move(ns: Namespace, address: string, port = 0): Promise<void> {
    this.port.close()
    this.port = await UdpPort.open(ns, address, port)
  }
}
