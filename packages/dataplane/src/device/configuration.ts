// SPDX-License-Identifier: MIT
import { clamp } from '@wgq/keys/clamp'
import type { Cidr } from '@wgq/model/cidr'
import type { Endpoint } from '@wgq/model/endpoint'
import { WgqError } from '@wgq/model/error'
import { type Key, keyBytes, keyFromBytes, zeroKey } from '@wgq/model/key'
import type {
  ServedDevice,
  ServedPeer,
  ServedPeerHealth,
  ServedPeerState,
  ServedState,
} from '@wgq/uapi/server-device'
import { mostPeers } from '../constants.ts'
import type { Device } from './device.ts'
import { decodeEndpoint, encodeEndpoint } from './endpoint-record.ts'
import type { Peer } from './peer.ts'
import type { SilenceWatch } from './silence-watch.ts'

/** Peers of one request whose handshake is prepared: each takes as long as a tenth of a handshake. */
const mostPrepared = 16

/** Applies configuration requests to a device (spec protocol §12), like the kernel where implementations differ. */
export class Configuration implements ServedDevice {
  private readonly device: Device
  private readonly lookAtLink: () => void
  private readonly silences: SilenceWatch | undefined
  /** Peers configured by the current request. */
  private configured = 0

  /**
   * `lookAtLink` makes the device follow link changes that were not reported yet; `silences` reports peers that stop
   * answering.
   */
  constructor(device: Device, lookAtLink: () => void = () => {}, silences?: SilenceWatch) {
    this.device = device
    this.lookAtLink = lookAtLink
    this.silences = silences
  }

  setPrivateKey(key: Key): void {
    const { device } = this
    if (key === zeroKey) {
      if (device.identity) device.setIdentity(undefined)
      return
    }
    const privateBytes = clamp(keyBytes(key))
    const privateText = keyFromBytes(privateBytes)
    // Setting the same key again must not disturb the sessions.
    if (privateText !== device.identity?.privateText) device.setIdentity(privateBytes)
    privateBytes.fill(0)
  }

  setListenPort(port: number): void {
    const { device } = this
    // While down only stored: an unavailable port raises an error when the interface comes up.
    device.listenPort = device.isUp ? device.dependencies.engine.bind(port) : port
    device.portIsFixed = port !== 0 || device.keepsPort
    // Answers to outstanding initiations go to the old port: initiate again instead of waiting five seconds for them.
    for (const peer of device.peers.values())
      if (device.dependencies.engine.isInitiating(peer.handle)) device.restartHandshake(peer)
    // The link came up without a port: try again with this one.
    if (device.linkUp) device.up()
  }

  setFwmark(mark: number): void {
    this.device.dependencies.engine.setFwmark(mark)
    this.device.fwmark = mark
  }

  removePeers(): void {
    for (const peer of [...this.device.peers.values()]) this.device.removePeer(peer)
  }

  peer(publicKey: Key): ServedPeer | undefined {
    const peer = this.device.peers.get(publicKey)
    return peer && this.peerConfiguration(peer)
  }

  addPeer(publicKey: Key): ServedPeer | undefined {
    if (publicKey === this.device.identity?.publicText) return undefined
    if (this.device.peers.size >= mostPeers)
      throw new WgqError('E_PEERS', `A device has at most ${mostPeers} peers`, { errno: 'EINVAL' })
    return this.peerConfiguration(this.device.addPeer(publicKey))
  }

  commit(): void {
    this.device.flushAllowedIps()
    this.configured = 0
    this.silences?.tell()
  }

  read(): ServedState {
    const { device } = this
    // The caller may have brought the link up a moment ago and expects the result.
    this.lookAtLink()
    return {
      privateKey: device.identity?.privateText,
      publicKey: device.identity?.publicText,
      listenPort: device.listenError === undefined ? device.listenPort : 0,
      listenError: device.listenError,
      fwmark: device.fwmark,
      peers: peerStates(device),
    }
  }

  *health(): Generator<ServedPeerHealth> {
    const { dependencies, peers } = this.device
    const nowMs = dependencies.bootMs()
    const wallSeconds = Number(dependencies.wallNs() / 1_000_000_000n)
    for (const peer of peers.values()) {
      yield {
        publicKey: peer.publicKey,
        unansweredSeconds: Math.floor(this.device.silentMs(peer, nowMs) / 1000),
        attempts: peer.timers.attempts,
        clockAheadSeconds: Math.max(0, peer.clockSeconds - wallSeconds),
      }
    }
  }

  onNews(listener: () => void): () => void {
    return this.silences?.listen(listener) ?? (() => {})
  }

  counters(): Readonly<Record<string, number>> {
    const engine = Object.entries(this.device.dependencies.engine.counters())
    return {
      ...Object.fromEntries(engine.map(([name, value]) => [snakeCase(name), value])),
      ...this.device.handshakes.counters,
      ...(this.device.dependencies.keyLog ? { key_log: 1 } : {}),
      peers: this.device.peers.size,
      allowed_ips: this.device.allowedIps.size,
    }
  }

  private peerConfiguration(peer: Peer): PeerConfiguration {
    return new PeerConfiguration(this.device, peer, () => {
      if (this.configured++ < mostPrepared) this.device.handshakes.prepare(peer)
    })
  }
}

// --- internal ---

class PeerConfiguration implements ServedPeer {
  private readonly device: Device
  private readonly target: Peer
  private readonly onConfigured: () => void

  constructor(device: Device, target: Peer, onConfigured: () => void) {
    this.device = device
    this.target = target
    this.onConfigured = onConfigured
  }

  remove(): void {
    this.device.removePeer(this.target)
  }

  setPresharedKey(key: Key): void {
    // Takes effect at the next handshake; zero means none.
    this.target.presharedKey?.fill(0)
    this.target.presharedKey = key === zeroKey ? undefined : keyBytes(key)
    this.device.dependencies.engine.setPresharedKey(this.target.handle, this.target.presharedKey)
  }

  setEndpoint(endpoint: Endpoint): void {
    const record = encodeEndpoint(endpoint, this.device.dependencies.interfaceIndex)
    if (!record)
      throw new WgqError('E_ENDPOINT', `The zone ${endpoint.zone} names no interface`, { errno: 'EINVAL' })
    this.device.dependencies.engine.setEndpoint(this.target.handle, record)
    this.target.zonedEndpoint = endpoint.zone === undefined ? undefined : endpoint
  }

  setKeepalive(seconds: number): void {
    this.device.feed(this.target, { keepaliveSeconds: seconds })
  }

  clearAllowedIps(): void {
    this.device.allowedIps.clear(this.target)
  }

  addAllowedIp(prefix: Cidr): void {
    this.device.allowedIps.add(this.target, prefix)
  }

  removeAllowedIp(prefix: Cidr): void {
    this.device.allowedIps.remove(this.target, prefix)
  }

  configured(): void {
    this.onConfigured()
    if (this.device.isUp) this.device.dependencies.engine.flushStaged(this.target.handle)
  }
}

/** Names in the protocol are lower case with underscores, as in `rx_bytes`. */
const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Yields peers one at a time, so that reading ten thousand does not block everything else. */
function* peerStates(device: Device): Generator<ServedPeerState> {
  const { engine, interfaceName } = device.dependencies
  for (const peer of device.peers.values()) {
    const state = engine.peerState(peer.handle)
    const endpoint = engine.peerEndpoint(peer.handle)
    yield {
      publicKey: peer.publicKey,
      presharedKey: peer.presharedKey && keyFromBytes(peer.presharedKey),
      endpoint: endpoint && decodeEndpoint(endpoint, interfaceName),
      lastHandshakeNs: peer.lastHandshakeNs,
      rxBytes: state.rxBytes,
      txBytes: state.txBytes,
      keepaliveSeconds: peer.timers.keepaliveSeconds,
      allowedIps: peer.prefixes ?? [],
    }
  }
}
