// SPDX-License-Identifier: MIT
import { type Cidr, formatCidr, maskCidr } from '@wgq/model/cidr'
import type { Device, DeviceAccess, DeviceChange, Peer, PeerChange } from '@wgq/model/device'
import { zeroKey } from '@wgq/model/key'

/** Devices that are changed in thought only, on top of real ones; one that does not exist is new and empty. */
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

/** The device after a change, as every implementation carries it out: an allowed IP belongs to the last peer that claims it. */
export const applyChange = (device: Device, change: DeviceChange): Device => {
  let peers: Peer[] = change.replacePeers ? [] : [...device.peers]
  for (const peerChange of change.peers) peers = applyPeer(peers, peerChange)
  return {
    ...device,
    ...(change.privateKey === undefined ? {} : { privateKey: change.privateKey }),
    listenPort: change.listenPort ?? device.listenPort,
    fwmark: change.fwmark ?? device.fwmark,
    peers,
  }
}

const applyPeer = (peers: readonly Peer[], change: PeerChange): Peer[] => {
  const { publicKey } = change
  const present = peers.find((peer) => peer.publicKey === publicKey)
  if (change.remove || (change.updateOnly && !present))
    return peers.filter((peer) => peer.publicKey !== publicKey || !change.remove)
  const before: Peer = present ?? {
    publicKey,
    allowedIps: [],
    lastHandshake: { seconds: 0n, nanoseconds: 0 },
    rxBytes: 0n,
    txBytes: 0n,
    keepaliveSeconds: 0,
  }
  const entries = (change.allowedIps ?? []).map((entry) => ({ ...maskCidr(entry), remove: entry.remove }))
  const claimed = new Set(entries.map(formatCidr))
  const kept = change.replaceAllowedIps
    ? []
    : before.allowedIps.filter((cidr) => !claimed.has(formatCidr(cidr)))
  const added = unique(entries.filter((entry) => !entry.remove))
  const { presharedKey, endpoint, keepaliveSeconds } = change
  const after: Peer = {
    ...before,
    ...(presharedKey === undefined || presharedKey === zeroKey ? {} : { presharedKey }),
    ...(endpoint === undefined ? {} : { endpoint }),
    keepaliveSeconds: keepaliveSeconds ?? before.keepaliveSeconds,
    allowedIps: [...kept, ...added],
  }
  const taken = new Set(added.map(formatCidr))
  const others = peers.map((peer) =>
    peer.publicKey === publicKey
      ? after
      : { ...peer, allowedIps: peer.allowedIps.filter((cidr) => !taken.has(formatCidr(cidr))) },
  )
  return present ? others : [...others, after]
}

const unique = (entries: readonly Cidr[]): Cidr[] => [
  ...new Map(
    entries.map(({ family, address, prefixLength }) => [
      `${address}/${prefixLength}`,
      { family, address, prefixLength },
    ]),
  ).values(),
]
