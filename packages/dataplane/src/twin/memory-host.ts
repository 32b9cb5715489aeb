// SPDX-License-Identifier: MIT

import { systemRandom } from '@wgq/keys/random'
import { parseCidr } from '@wgq/model/cidr'
import { parseEndpoint } from '@wgq/model/endpoint'
import { type Key, keyFromBytes } from '@wgq/model/key'
import { Configuration } from '../device/configuration.ts'
import { Device } from '../device/device.ts'
import type { Peer } from '../device/peer.ts'
import { MemoryEngine } from './memory-engine.ts'
import type { MemoryNetwork } from './memory-network.ts'

/** A device on a {@link MemoryNetwork} whose timers use the network's clock. Test support. */
export class MemoryHost {
  readonly engine: MemoryEngine
  readonly device: Device
  readonly configuration: Configuration
  readonly address: string
  readonly lines: string[] = []
  wakeAt: number | undefined
  /** Added to its wall clock. */
  clockNs = 0n
  private readonly network: MemoryNetwork
  private woken = false

  constructor(network: MemoryNetwork, address: string) {
    this.network = network
    this.address = address
    this.engine = new MemoryEngine(network, address, () => {
      this.woken = true
    })
    this.device = new Device({
      engine: this.engine,
      bootMs: () => network.nowMs,
      wallNs: () => this.clockNs + 1_700_000_000_000_000_000n + BigInt(Math.round(network.nowMs * 1e6)),
      // Differs between hosts: two that initiate at the same time would repeat that forever.
      jitterMs: () => 100 * Number(address.split(':').at(-1)),
      wakeAt: (at) => {
        this.wakeAt = at
      },
      interfaceIndex: () => undefined,
      interfaceName: () => undefined,
      log: {
        debug: (text) => this.lines.push(text()),
        notice: (text) => this.lines.push(`notice: ${text}`),
        error: (text) => this.lines.push(text),
      },
    })
    this.configuration = new Configuration(this.device)
  }

  get publicKey(): Key {
    if (!this.device.identity) throw new Error('no private key')
    return this.device.identity.publicText
  }

  /** Gives it a private key, or a random one, and brings it up. */
  start(privateKey: Key = randomKey()): this {
    this.configuration.setPrivateKey(privateKey)
    this.device.up()
    return this
  }

  /** Adds or changes a peer as one section of a `set` does. */
  setPeer(
    publicKey: Key,
    options: {
      endpoint?: string
      presharedKey?: Key
      keepaliveSeconds?: number
      allowedIps?: readonly string[]
    } = {},
  ): Peer {
    const peer = this.configuration.peer(publicKey) ?? this.configuration.addPeer(publicKey)
    const endpoint = options.endpoint === undefined ? undefined : parseEndpoint(options.endpoint)
    if (options.presharedKey) peer?.setPresharedKey(options.presharedKey)
    if (endpoint) peer?.setEndpoint(endpoint)
    for (const text of options.allowedIps ?? []) {
      const prefix = parseCidr(text)
      if (prefix) peer?.addAllowedIp(prefix)
    }
    if (options.keepaliveSeconds !== undefined) peer?.setKeepalive(options.keepaliveSeconds)
    peer?.configured()
    this.configuration.commit()
    return this.peer(publicKey)
  }

  peer(publicKey: Key): Peer {
    const found = this.device.peers.get(publicKey)
    if (!found) throw new Error('no such peer')
    return found
  }

  /** Sends an inner packet to a peer. */
  send(publicKey: Key, text: string): void {
    this.engine.sendPacket(this.peer(publicKey).handle, Buffer.from(text))
  }

  /** Inner packets that arrived. */
  get received(): string[] {
    return this.engine.delivered.map(({ packet }) => packet.toString())
  }

  /** The allowed IPs of a peer in the answer to a `get`. */
  allowedIps(publicKey: Key): string[] {
    return [...(this.peer(publicKey).prefixes ?? [])]
  }

  /** Processes waiting events; returns whether there were any. */
  run(): boolean {
    const due = this.wakeAt !== undefined && this.wakeAt <= this.network.nowMs
    if (!this.woken && !due) return false
    if (due) {
      this.wakeAt = undefined
      this.device.tick()
    }
    if (this.woken) {
      this.woken = false
      this.device.drain(64, () => undefined)
    }
    return true
  }
}

/** Runs the network and its hosts until all is quiet, then advances the clock by `ms`, firing every timer in time. */
export const pass = (network: MemoryNetwork, hosts: readonly MemoryHost[], ms = 0): void => {
  const end = network.nowMs + ms
  for (;;) {
    let busy = true
    while (busy) {
      network.settle()
      busy = false
      for (const host of hosts) if (host.run()) busy = true
    }
    const next = Math.min(...hosts.map((host) => host.wakeAt ?? Number.POSITIVE_INFINITY))
    if (next > end) break
    network.nowMs = Math.max(network.nowMs, next)
  }
  network.nowMs = end
}

/** A random private key. */
export const randomKey = (): Key => keyFromBytes(systemRandom(32))
