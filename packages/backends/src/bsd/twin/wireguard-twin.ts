// SPDX-License-Identifier: MIT
import { createPrivateKey, createPublicKey } from 'node:crypto'

/** An allowed IP as a driver keeps it: family 4 or 6 by the length of the address. */
interface TwinAllowedIp {
  readonly address: Buffer
  readonly prefixLength: number
}

/** A peer inside a kernel twin. Buffers are raw kernel bytes. */
export interface TwinPeer {
  readonly publicKey: Buffer
  presharedKey: Buffer
  /** A whole sockaddr. */
  endpoint: Buffer | undefined
  keepaliveSeconds: number
  handshakeSeconds: bigint
  rxBytes: bigint
  txBytes: bigint
  /** Newest first. */
  allowedIps: TwinAllowedIp[]
}

/** The differences between the drivers of FreeBSD and OpenBSD. */
export interface TwinRules {
  /** FreeBSD masks host bits, OpenBSD keeps them as typed. */
  readonly maskHostBits: boolean
  /** OpenBSD: a zero private key clears the identity; FreeBSD clamps it like any other. */
  readonly zeroKeyClears: boolean
  /** OpenBSD: a keepalive set after up and down is ignored for a peer that existed when the timers were stopped. */
  readonly keepaliveNeedsTimers: boolean
  /** OpenBSD: an allowed IP that moves to another peer keeps the host bits it was first given. */
  readonly movedKeepsHostBits: boolean
  /** Port 0 while up binds a new one at once. */
  readonly zeroPortBindsAnew: boolean
  /** The mark is a routing table, of which this is the last; undefined where it is any number. */
  readonly mostTable?: number
}

/** A WireGuard interface in memory with the rules of a BSD driver (spec bsd §2.4, §3.2): the twin of the kernel in tests. */
export class WireguardTwin {
  readonly peers: TwinPeer[] = []
  privateKey: Buffer | undefined
  publicKey: Buffer | undefined
  port = 0
  mark = 0
  isUp = false
  /** Routing tables that exist, where the mark is one. */
  readonly tables = new Set([0])
  /** Ports that other programs on this machine have bound. */
  readonly takenPorts = new Set<number>()
  /** Peers whose timers were stopped by a `down`. */
  private readonly stopped = new Set<TwinPeer>()
  private nextPort = 40000
  private readonly rules: TwinRules

  constructor(rules: TwinRules) {
    this.rules = rules
  }

  /** `ifconfig wgN up`: binds, and picks port 40000 if none was set. Returns the name of an errno on failure. */
  up(): string | undefined {
    const errno = this.whyNotBound(this.port, this.mark)
    if (errno) return errno
    this.isUp = true
    this.stopped.clear()
    if (this.port === 0) this.port = this.freePort()
    return undefined
  }

  /** `ifconfig wgN down`. */
  down(): void {
    this.isUp = false
    for (const peer of this.peers) this.stopped.add(peer)
  }

  /**
   * Sets port and mark: values that cannot be bound are refused while up, and accepted while down. Returns the name of
   * an errno.
   */
  bind(port: number | undefined, mark: number | undefined): string | undefined {
    const [wantedPort, wantedMark] = [port ?? this.port, mark ?? this.mark]
    const changed = wantedPort !== this.port || wantedMark !== this.mark
    if (this.isUp && changed) {
      const errno = this.whyNotBound(wantedPort, wantedMark)
      if (errno) return errno
    }
    this.port = this.isUp && wantedPort === 0 && this.rules.zeroPortBindsAnew ? this.freePort() : wantedPort
    this.mark = wantedMark
    return undefined
  }

  private whyNotBound(port: number, mark: number): string | undefined {
    if (this.rules.mostTable !== undefined && !this.tables.has(mark)) return 'EINVAL'
    return this.takenPorts.has(port) ? 'EADDRINUSE' : undefined
  }

  private freePort(): number {
    while (this.takenPorts.has(this.nextPort)) this.nextPort++
    return this.nextPort++
  }

  /** Simulates traffic: sets the counters of the recorded sequences. */
  traffic(): void {
    this.peers.forEach((peer, i) => {
      peer.handshakeSeconds = 1700000000n + BigInt(i)
      peer.rxBytes = 1000n + BigInt(i)
      peer.txBytes = 2000n + BigInt(i)
    })
  }

  setPrivateKey(key: Buffer): void {
    this.privateKey = this.rules.zeroKeyClears && key.every((byte) => byte === 0) ? undefined : clamp(key)
    this.publicKey = this.privateKey && publicBytes(this.privateKey)
    if (this.publicKey) this.removePeer(this.publicKey)
  }

  /** Returns the peer of a key, adding it if `create` is set; undefined for the device's own key, which is skipped. */
  peer(publicKey: Buffer, create: boolean): TwinPeer | undefined {
    if (this.publicKey?.equals(publicKey)) return undefined
    const known = this.peers.find((peer) => peer.publicKey.equals(publicKey))
    if (known || !create) return known
    const made: TwinPeer = {
      publicKey: Buffer.from(publicKey),
      presharedKey: Buffer.alloc(32),
      endpoint: undefined,
      keepaliveSeconds: 0,
      handshakeSeconds: 0n,
      rxBytes: 0n,
      txBytes: 0n,
      allowedIps: [],
    }
    this.peers.push(made)
    return made
  }

  removePeer(publicKey: Buffer): void {
    const at = this.peers.findIndex((peer) => peer.publicKey.equals(publicKey))
    if (at >= 0) this.peers.splice(at, 1)
  }

  setKeepalive(peer: TwinPeer, seconds: number): void {
    if (!this.rules.keepaliveNeedsTimers || !this.stopped.has(peer)) peer.keepaliveSeconds = seconds
  }

  /** Adds an allowed IP, taking it from another peer; one that exists already stays as stored. */
  addAllowedIp(owner: TwinPeer, allowedIp: TwinAllowedIp): void {
    let kept: TwinAllowedIp | undefined
    for (const peer of this.peers) {
      const at = peer.allowedIps.findIndex((known) => samePrefix(known, allowedIp))
      if (at < 0) continue
      if (peer === owner) return
      ;[kept] = peer.allowedIps.splice(at, 1)
    }
    if (kept && this.rules.movedKeepsHostBits) {
      owner.allowedIps.unshift(kept)
      return
    }
    const address = this.rules.maskHostBits
      ? maskBytes(allowedIp.address, allowedIp.prefixLength)
      : Buffer.from(allowedIp.address)
    owner.allowedIps.unshift({ address, prefixLength: allowedIp.prefixLength })
  }
}

const samePrefix = (a: TwinAllowedIp, b: TwinAllowedIp): boolean =>
  a.prefixLength === b.prefixLength &&
  maskBytes(a.address, a.prefixLength).equals(maskBytes(b.address, b.prefixLength))

const maskBytes = (address: Buffer, prefixLength: number): Buffer =>
  Buffer.from(
    address.map((byte, i) => byte & (0xff00 >> Math.max(0, Math.min(8, prefixLength - i * 8))) & 0xff),
  )

const clamp = (key: Buffer): Buffer => {
  const out = Buffer.from(key)
  out[0] = (out[0] as number) & 248
  out[31] = ((out[31] as number) & 127) | 64
  return out
}

const publicBytes = (privateKey: Buffer): Buffer => {
  // PKCS #8 wrapping of an X25519 private key (RFC 8410).
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), privateKey])
  const key = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }))
  return key.export({ type: 'spki', format: 'der' }).subarray(-32)
}
