// SPDX-License-Identifier: MIT
import { Daemon } from './daemon.ts'
import type { Implementation } from './implementation.ts'
import { udp } from './inner-packet.ts'
import { connect, Namespace } from './netns.ts'
import { type KeyPair, makeKeys } from './noise.ts'
import { ProtocolPeer } from './protocol-peer.ts'

/** How a peer is added to a {@link Lab}. */
interface LabPeerOptions {
  readonly keys?: KeyPair
  readonly psk?: Buffer
  /** Last byte of the outer address: 2 to 9. */
  readonly host?: number
  readonly outer?: 4 | 6
  /** Allowed IPs of the peer; by default its inner address with full prefix length. */
  readonly allowedIps?: string
  /** Whether the daemon knows the peer's endpoint from the start. */
  readonly known?: boolean
  readonly keepaliveSeconds?: number
}

/**
 * One daemon under test in its own namespace, and another namespace from which {@link ProtocolPeer}s talk to it.
 * Outside: daemon 10.78.0.1 and fd78::1, peers 10.78.0.2-9 and fd78::2-9. Inside: daemon 10.88.0.1 and fd88::1.
 */
export class Lab {
  readonly host = new Namespace('labhost')
  readonly outside = new Namespace('labpeer')
  readonly keys = makeKeys()
  readonly port = 51820
  readonly peers: ProtocolPeer[] = []
  private running: Daemon | undefined
  private added = 0

  /** The daemon under test. */
  get daemon(): Daemon {
    if (!this.running) throw new Error('the daemon was not started')
    return this.running
  }

  get device(): string {
    return this.daemon.device
  }

  /** Builds namespaces and daemon; interface up, no peers yet. */
  static async open(
    options: { implementation?: Implementation; env?: NodeJS.ProcessEnv; mtu?: number } = {},
  ): Promise<Lab> {
    const lab = new Lab()
    try {
      const hosts = [2, 3, 4, 5, 6, 7, 8, 9]
      connect(
        { ns: lab.host, dev: 'veth0', addresses: ['10.78.0.1/24', 'fd78::1/60'] },
        {
          ns: lab.outside,
          dev: 'veth0',
          addresses: hosts.flatMap((n) => [`10.78.0.${n}/24`, `fd78::${n}/60`]),
        },
      )
      lab.running = await Daemon.start(lab.host, options)
      lab.daemon.setconf(
        `[Interface]\nPrivateKey = ${lab.keys.privateKey.toString('base64')}\nListenPort = ${lab.port}\n`,
      )
      const dev = lab.device
      if (options.mtu) lab.host.run('ip', 'link', 'set', dev, 'mtu', String(options.mtu))
      lab.host.run('ip', 'address', 'add', '10.88.0.1/16', 'dev', dev)
      lab.host.run('ip', 'address', 'add', 'fd88::1/64', 'dev', dev, 'nodad')
      lab.host.run('ip', 'link', 'set', dev, 'up')
      return lab
    } catch (error) {
      lab.remove()
      throw error
    }
  }

  /** Adds a peer to the daemon and opens its socket. Inner address 10.88.1.N and fd88::1:N, N counting from 1. */
  async addPeer(options: LabPeerOptions = {}): Promise<ProtocolPeer> {
    const n = ++this.added
    const six = options.outer === 6
    const host = options.host ?? 2
    const own = `10.88.1.${n}`
    const peer = await ProtocolPeer.open({
      ns: this.outside,
      address: six ? `fd78::${host}` : `10.78.0.${host}`,
      ...(options.keys && { keys: options.keys }),
      ...(options.psk && { psk: options.psk }),
      remote: {
        publicKey: this.keys.publicKey,
        endpoint: { address: six ? 'fd78::1' : '10.78.0.1', port: this.port },
      },
      inner: { own, remote: '10.88.0.1' },
    })
    this.peers.push(peer)
    const { address, port } = peer.port.local
    const endpoint = six ? `[${address}]:${port}` : `${address}:${port}`
    this.daemon.setconf(
      [
        '[Peer]',
        `PublicKey = ${publicText(peer)}`,
        ...(options.psk ? [`PresharedKey = ${options.psk.toString('base64')}`] : []),
        `AllowedIPs = ${options.allowedIps ?? `${own}/32, fd88::1:${n}/128`}`,
        ...(options.known ? [`Endpoint = ${endpoint}`] : []),
        ...(options.keepaliveSeconds ? [`PersistentKeepalive = ${options.keepaliveSeconds}`] : []),
        '',
      ].join('\n'),
      'addconf',
    )
    return peer
  }

  /** Starts one ping from the daemon's side to the peer's inner address without waiting for it. */
  pingOut(peer: ProtocolPeer, ...args: string[]): void {
    this.host.start('ping', ['-n', '-q', '-c', '1', '-W', '1', ...args, peer.inner.own])
  }

  /** A packet from the peer's inner address that gets no answer: its destination does not exist. */
  static silent(peer: ProtocolPeer, payload: Buffer = Buffer.alloc(32)): Buffer {
    return udp({ from: peer.inner.own, to: '10.88.200.200' }, 9, 9, payload)
  }

  remove(): void {
    this.host.remove()
    this.outside.remove()
  }
}

/** A peer's public key as `wg` writes it. */
export const publicText = (peer: ProtocolPeer): string => peer.keys.publicKey.toString('base64')
