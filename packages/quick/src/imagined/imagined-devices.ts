// SPDX-License-Identifier: MIT
import { type Cidr, formatCidr, maskCidr } from '@wgq/model/cidr'
import {
  type Device,
  type DeviceAccess,
  type DeviceChange,
  emptyPeer,
  type Peer,
  type PeerChange,
} from '@wgq/model/device'
import { type Key, zeroKey } from '@wgq/model/key'

/** Devices that exist in memory only, on top of real ones; a device that does not exist starts empty. */
export class ImaginedDevices implements DeviceAccess {
  private readonly base: DeviceAccess
  private readonly changed = new Map<string, Device>()

  constructor(base: DeviceAccess) {
    this.base = base
  }

  async list(): Promise<string[]> {
    return [...new Set([...(await this.base.list()), ...this.changed.keys()])]
  }

  async read(name: string): Promise<Device> {
    return this.changed.get(name) ?? this.base.read(name)
  }

  async change(name: string, change: DeviceChange): Promise<void> {
    const device = this.changed.get(name) ?? { name, listenPort: 0, fwmark: 0, peers: [] }
    this.changed.set(name, applyChange(device, change))
  }
}

/**
 * The device after a change, as every implementation applies it: an allowed IP belongs to the last peer that claims it.
 * Takes time proportional to the device and the change.
 */
export const applyChange = (device: Device, change: DeviceChange): Device => {
  const peers = new PeerTable(change.replacePeers ? [] : device.peers)
  for (const peerChange of change.peers) peers.apply(peerChange)
  return {
    ...device,
    ...(change.privateKey === undefined ? {} : { privateKey: change.privateKey }),
    listenPort: change.listenPort ?? device.listenPort,
    fwmark: change.fwmark ?? device.fwmark,
    peers: peers.list(),
  }
}

interface OpenPeer {
  peer: Omit<Peer, 'allowedIps'>
  /** By its text, in the order of insertion. */
  readonly allowedIps: Map<string, Cidr>
}

/** Indexes peers by key and owners by prefix, so that changing ten thousand peers takes as many steps. */
class PeerTable {
  readonly #peers = new Map<Key, OpenPeer>()
  readonly #owners = new Map<string, OpenPeer>()

  constructor(peers: readonly Peer[]) {
    for (const { allowedIps, ...peer } of peers) {
      const open: OpenPeer = { peer, allowedIps: new Map(allowedIps.map((cidr) => [formatCidr(cidr), cidr])) }
      this.#peers.set(peer.publicKey, open)
      for (const prefix of open.allowedIps.keys()) this.#owners.set(prefix, open)
    }
  }

  apply(change: PeerChange): void {
    const { publicKey } = change
    const present = this.#peers.get(publicKey)
    if (change.remove) {
      for (const prefix of present?.allowedIps.keys() ?? []) this.#owners.delete(prefix)
      this.#peers.delete(publicKey)
      return
    }
    if (change.updateOnly && !present) return
    const open = present ?? { peer: emptyPeer(publicKey), allowedIps: new Map() }
    this.#peers.set(publicKey, open)
    open.peer = changed(open.peer, change)
    if (change.replaceAllowedIps) {
      for (const prefix of open.allowedIps.keys()) this.#owners.delete(prefix)
      open.allowedIps.clear()
    }
    for (const entry of change.allowedIps ?? []) {
      const { family, address, prefixLength } = maskCidr(entry)
      const prefix = `${address}/${prefixLength}`
      if (entry.remove) {
        if (open.allowedIps.delete(prefix)) this.#owners.delete(prefix)
        continue
      }
      this.#owners.get(prefix)?.allowedIps.delete(prefix)
      this.#owners.set(prefix, open)
      open.allowedIps.set(prefix, { family, address, prefixLength })
    }
  }

  list(): Peer[] {
    return [...this.#peers.values()].map(({ peer, allowedIps }) => ({
      ...peer,
      allowedIps: [...allowedIps.values()],
    }))
  }
}

const changed = (peer: OpenPeer['peer'], change: PeerChange): OpenPeer['peer'] => {
  const { presharedKey, endpoint, keepaliveSeconds } = change
  const { presharedKey: before, ...rest } = peer
  const secret = presharedKey ?? before
  return {
    ...rest,
    ...(secret === undefined || secret === zeroKey ? {} : { presharedKey: secret }),
    ...(endpoint === undefined ? {} : { endpoint }),
    keepaliveSeconds: keepaliveSeconds ?? peer.keepaliveSeconds,
  }
}
