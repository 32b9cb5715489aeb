// SPDX-License-Identifier: MIT
import { parseEndpoint } from '@wgq/model/endpoint'
import { formatIp } from '@wgq/model/ip'
import type { EngineEvent, EnginePeerState, PacketEngine, SentInitiation } from '@wgq/native/engine'
import { allowedIpRecordBytes, peerEvent } from '@wgq/native/engine'
import { createHandshakeTable, type Outcome } from '@wgq/native/testing'
import { rejectAfterMs, rekeyAfterMs } from '../constants.ts'
import { decodeEndpoint, encodeEndpoint } from '../device/endpoint-record.ts'
import type { Datagram, MemoryNetwork } from './memory-network.ts'
import { type Keypair, MemoryPeer, nanoseconds } from './memory-peer.ts'

/**
 * The packet engine in memory, for tests of the control half: the same bookkeeping without threads, sockets and
 * ciphers. A transport packet carries its key, and decrypts if the receiver holds the same one. Handshakes are the real ones.
 */
export class MemoryEngine implements PacketEngine {
  /** Inner packets that arrived, by peer. */
  readonly delivered: { readonly peer: number; readonly packet: Buffer }[] = []
  readonly prefixes = new Map<string, number>()
  private readonly peers = new Map<number, MemoryPeer>()
  private readonly network: MemoryNetwork
  private readonly address: string
  private readonly onWake: () => void
  private readonly handshakes = createHandshakeTable()
  private arrived: { readonly message: Buffer; readonly from: Uint8Array; readonly arrived: bigint }[] = []
  private nextPeer = 1
  private running = false
  private hasIdentity = false

  /** `address` is `IP:PORT`, its address in the network. */
  constructor(network: MemoryNetwork, address: string, onWake: () => void) {
    this.network = network
    this.address = address
    this.onWake = onWake
    network.attach(address, this)
  }

  /** The peers that exist, by handle. */
  get handles(): number[] {
    return [...this.peers.keys()]
  }

  /** Ports in use by others. */
  readonly takenPorts = new Set<number>()

  bind(port: number): number {
    if (this.takenPorts.has(port)) throw Object.assign(new Error('bind'), { code: 'EADDRINUSE' })
    return port === 0 ? Number(this.address.split(':').at(-1)) : port
  }
  unbind(): void {}
  setFwmark(): void {}
  start(): void {
    this.running = true
  }
  stop(): void {
    this.running = false
    for (const [handle, peer] of this.peers) {
      peer.staged = []
      this.handshakes.forgetInitiation(handle)
    }
  }
  close(): void {
    this.stop()
  }
  reattachTun(): undefined {}
  setMtu(): void {}
  setRouteMtus(): void {}
  setIdentity(privateKey: Uint8Array | undefined): Buffer | undefined {
    this.hasIdentity = privateKey !== undefined
    return this.handshakes.setIdentity(privateKey)
  }
  revealEphemerals(revealed: boolean): void {
    this.handshakes.revealEphemerals(revealed)
  }

  addPeer(publicKey: Uint8Array): number {
    const release = (localIndex: number) => this.handshakes.release(localIndex)
    this.handshakes.addPeer(this.nextPeer, publicKey)
    this.peers.set(this.nextPeer, new MemoryPeer(() => this.network.nowMs, this.onWake, release))
    return this.nextPeer++
  }
  removePeer(peer: number): void {
    this.peer(peer).clear()
    this.handshakes.removePeer(peer)
    this.peers.delete(peer)
    for (const [prefix, owner] of this.prefixes) if (owner === peer) this.prefixes.delete(prefix)
  }
  setPresharedKey(peer: number, key: Uint8Array | undefined): void {
    this.handshakes.setPresharedKey(peer, key)
  }
  setEndpoint(peer: number, record: Uint8Array | undefined): void {
    this.peer(peer).endpoint = record && endpointText(record)
  }
  clearSource(): void {}

  updateAllowedIps(records: Uint8Array): void {
    const view = Buffer.from(records)
    for (let at = 0; at < view.length; at += allowedIpRecordBytes) {
      const address = formatIp(view.subarray(at + 8, at + (view[at + 1] === 4 ? 12 : 24)))
      const prefix = `${address}/${view[at + 2]}`
      if (view[at] === 0) this.prefixes.set(prefix, view.readUInt32LE(at + 4))
      else if (this.prefixes.get(prefix) === view.readUInt32LE(at + 4)) this.prefixes.delete(prefix)
    }
  }

  clearSessions(peer: number): void {
    this.peer(peer).clear()
  }
  expireSending(peer: number): void {
    this.peer(peer).expireSending()
  }

  prepareHandshake(peer: number): void {
    this.handshakes.prepare(peer)
  }
  initiate(peer: number, timestamp: Uint8Array): SentInitiation | undefined {
    const made = this.handshakes.initiate(peer, timestamp, nanoseconds(this.network.nowMs))
    return made && { ...made, errno: this.sendHandshake(peer, made.message) }
  }
  isInitiating(peer: number): boolean {
    return this.handshakes.isInitiating(peer)
  }
  forgetInitiation(peer: number): void {
    this.handshakes.forgetInitiation(peer)
  }
  sendKeepalive(peer: number): void {
    const known = this.peer(peer)
    if (known.staged.length === 0) known.staged.push(Buffer.alloc(0))
    this.flushStaged(peer)
  }
  flushStaged(peer: number): void {
    const known = this.peer(peer)
    if (known.staged.length === 0) return
    const current = known.sending
    const age = current ? this.network.nowMs - current.bornMs : 0
    if (!current || !this.maySend(known)) {
      known.raise(peerEvent.needHandshake)
      return
    }
    const packets = known.staged
    known.staged = []
    for (const packet of packets) this.transmit(known, current, packet)
    if (current.role === 'initiator' && age >= rekeyAfterMs) known.raise(peerEvent.needHandshake)
  }
  dropStaged(peer: number): number {
    const known = this.peer(peer)
    const dropped = known.staged.length
    known.staged = []
    return dropped
  }

  takeEvents(): EngineEvent[] {
    const events: EngineEvent[] = []
    for (const [handle, peer] of this.peers) {
      const flags = peer.takeFlags()
      if (flags === 0) continue
      events.push({ kind: 'peer', peer: handle, flags, sendErrno: 0 })
      if (!(flags & peerEvent.sessionConfirmed)) continue
      if (this.maySend(peer)) this.handshakes.forgetInitiation(handle)
      this.flushStaged(handle)
    }
    const arrived = this.arrived.splice(0)
    if (!this.running) return events
    const outcomes = this.handshakes.receive(arrived, nanoseconds(this.network.nowMs))
    return [...events, ...outcomes.map((outcome) => this.handshakeEvent(outcome))]
  }
  reportDrain(): void {}
  peerState(peer: number): EnginePeerState {
    return this.peer(peer).state()
  }
  peerEndpoint(peer: number): Uint8Array | undefined {
    const { endpoint } = this.peer(peer)
    return endpoint === undefined ? undefined : endpointRecord(endpoint)
  }
  counters(): Record<string, number> {
    return { badMac1: 0, indices: this.handshakes.indices() }
  }

  // --- what threads do in the real one ---

  /** Sends a packet from the TUN to a peer. */
  sendPacket(peer: number, packet: Buffer): void {
    if (!this.running) return
    this.peer(peer).staged.push(packet)
    this.flushStaged(peer)
  }

  /** Receives a datagram from the network. */
  receive(from: string, datagram: Datagram): void {
    if (!this.running) return
    if (datagram.kind === 'handshake') {
      if (!this.hasIdentity) return
      const at = { from: endpointRecord(from), arrived: nanoseconds(this.network.nowMs) }
      this.arrived.push({ message: datagram.message, ...at })
      this.onWake()
      return
    }
    for (const [handle, peer] of this.peers) {
      for (const keypair of peer.receiving) {
        if (keypair.localIndex !== datagram.receiver || keypair.receive !== datagram.key) continue
        if (this.network.nowMs - keypair.bornMs >= rejectAfterMs || keypair.seen.has(datagram.counter)) return
        keypair.seen.add(datagram.counter)
        this.accept(handle, peer, keypair, from, datagram.packet)
        return
      }
    }
  }

  // --- internal ---

  /** Begins the session of a handshake, as the engine does. */
  private handshakeEvent(outcome: Outcome): EngineEvent {
    const event = { ...outcome, kind: 'handshake', errno: 0 } as EngineEvent
    if (outcome.outcome !== 'answered' && outcome.outcome !== 'completed') return event
    const role = outcome.outcome === 'completed' ? 'initiator' : 'responder'
    const known = this.peer(outcome.peer)
    const [first, second] = [outcome.keys.subarray(0, 32), outcome.keys.subarray(32)]
    known.endpoint = endpointText(outcome.from)
    known.rxBytes += role === 'initiator' ? 92n : 148n
    known.heard()
    known.begin({
      role,
      localIndex: outcome.localIndex,
      remoteIndex: outcome.remoteIndex,
      sendKey: role === 'initiator' ? first : second,
      receiveKey: role === 'initiator' ? second : first,
    })
    if (role === 'initiator') this.sendKeepalive(outcome.peer)
    else this.sendHandshake(outcome.peer, outcome.response)
    return event
  }

  private sendHandshake(peer: number, message: Buffer): number {
    const known = this.peer(peer)
    if (!known.endpoint) return 89
    known.txBytes += BigInt(message.length)
    known.sent()
    this.network.send(this.address, known.endpoint, { kind: 'handshake', message: Buffer.from(message) })
    return 0
  }

  private accept(handle: number, peer: MemoryPeer, keypair: Keypair, from: string, packet: Buffer): void {
    peer.endpoint = from
    peer.rxBytes += BigInt(32 + packet.length)
    peer.confirm(keypair)
    peer.heard()
    if (packet.length === 0) return
    this.delivered.push({ peer: handle, packet })
    peer.heardData()
  }

  private transmit(peer: MemoryPeer, keypair: Keypair, packet: Buffer): void {
    if (peer.endpoint === undefined) return
    peer.txBytes += BigInt(32 + packet.length)
    peer.sent()
    if (packet.length > 0) peer.sentData()
    this.network.send(this.address, peer.endpoint, {
      kind: 'transport',
      receiver: keypair.remoteIndex,
      counter: keypair.counter++,
      key: keypair.send,
      packet,
    })
  }

  private maySend({ sending }: MemoryPeer): boolean {
    return sending?.maySend === true && this.network.nowMs - sending.bornMs < rejectAfterMs
  }

  private peer(handle: number): MemoryPeer {
    const found = this.peers.get(handle)
    if (!found) throw new Error(`no peer ${handle}`)
    return found
  }
}

const endpointText = (record: Uint8Array): string => {
  const { address, port } = decodeEndpoint(record, () => undefined)
  return `${address}:${port}`
}

const endpointRecord = (text: string): Buffer => {
  const endpoint = parseEndpoint(text)
  const record = endpoint && encodeEndpoint(endpoint, () => undefined)
  if (!record) throw new Error(`no endpoint: ${text}`)
  return record
}
