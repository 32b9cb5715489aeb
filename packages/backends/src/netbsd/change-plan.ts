// SPDX-License-Identifier: MIT
import type { Cidr } from '@wgq/model/cidr'
import { maskCidr } from '@wgq/model/cidr'
import type { DeviceChange, PeerChange } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import { type Key, zeroKey } from '@wgq/model/key'
import type { Memory } from '../bsd/memory.ts'
import type { InterfaceIndex } from '../bsd/sockaddr.ts'
import type { DriverReply } from './device-reply.ts'
import { type NamedPeer, peerName, samePeer, samePrefix } from './peer.ts'
import { addPeer, type DriverRequest, deletePeer, setListenPort, setPrivateKey } from './request.ts'

/** The kernel stores up to 16 allowed IPs per peer (spec bsd §4.3). */
export const mostAllowedIps = 16

/** The calls for a change, and messages for the user about what the kernel cannot do. */
interface ChangePlan {
  readonly requests: readonly DriverRequest[]
  readonly warnings: readonly string[]
}

/**
 * Plans a change as calls of SIOCSDRVSPEC: peers can only be deleted and added, so a peer that differs is added again
 * and loses its session. Peers are added last to first, because the kernel lists the newest first. Raises `E_DEVICE`:
 * `E2BIG` for a peer with more than 16 allowed IPs, `ENOENT` for a change to a peer without a name.
 */
export const planChange = (
  current: DriverReply,
  change: DeviceChange,
  interfaceIndex: InterfaceIndex,
  memory: Memory,
): ChangePlan => {
  const before: readonly NamedPeer[] = current.peers
  const after = wantedPeers(before, change)
  for (const peer of after) checkPeer(peer)
  const kept = new Set(
    before.filter((peer) => after.some((wanted) => samePeer(wanted, peer))).map((peer) => peer.publicKey),
  )
  const deleted = before.filter((peer) => !kept.has(peer.publicKey))
  const added = after.filter((peer) => !kept.has(peer.publicKey))
  return {
    requests: [
      ...deleted.map((peer) => deletePeer(nameOf(peer))),
      ...keyRequest(current, change),
      ...portRequest(current, change),
      ...added.reverse().map((peer) => addPeer(peer, interfaceIndex, memory)),
    ],
    warnings: warningsOf(current, change, added, before),
  }
}

/** The desired peers, in the order of `show`. */
const wantedPeers = (before: readonly NamedPeer[], change: DeviceChange): NamedPeer[] => {
  const base = change.replacePeers ? [] : [...before]
  for (const edit of change.peers) {
    const at = base.findIndex((peer) => peer.publicKey === edit.publicKey)
    const old = base[at] ?? before.find((peer) => peer.publicKey === edit.publicKey)
    if (edit.remove) {
      if (at >= 0) base.splice(at, 1)
    } else if (at >= 0 || !edit.updateOnly) {
      const peer = applyPeer(at >= 0 ? base[at] : undefined, old, edit)
      takeAllowedIps(base, peer)
      if (at >= 0) base[at] = peer
      else base.push(peer)
    }
  }
  return base
}

/** `old` gives the name of a peer that is replaced as a whole. */
const applyPeer = (
  current: NamedPeer | undefined,
  old: NamedPeer | undefined,
  edit: PeerChange,
): NamedPeer => {
  const presharedKey = edit.presharedKey ?? current?.presharedKey
  const endpoint = edit.endpoint ?? current?.endpoint
  return {
    name: old?.name ?? peerName(edit.publicKey),
    publicKey: edit.publicKey,
    ...(presharedKey && presharedKey !== zeroKey ? { presharedKey } : {}),
    ...(endpoint ? { endpoint } : {}),
    allowedIps: applyAllowedIps(current, edit),
  }
}

const applyAllowedIps = (current: NamedPeer | undefined, edit: PeerChange): Cidr[] => {
  const wanted: Cidr[] = edit.replaceAllowedIps ? [] : [...(current?.allowedIps ?? [])]
  for (const { remove, ...cidr } of edit.allowedIps ?? []) {
    const at = wanted.findIndex((other) => samePrefix(other, cidr))
    if (remove && at >= 0) wanted.splice(at, 1)
    if (!remove && at < 0) wanted.push(maskCidr(cidr))
  }
  return wanted
}

/**
 * On other systems an allowed IP moves to the peer that gets it last; this kernel returns EEXIST, so it is removed
 * first.
 */
const takeAllowedIps = (peers: NamedPeer[], owner: NamedPeer): void => {
  peers.forEach((peer, i) => {
    if (peer.publicKey === owner.publicKey) return
    const allowedIps = peer.allowedIps.filter(
      (cidr) => !owner.allowedIps.some((own) => samePrefix(own, cidr)),
    )
    if (allowedIps.length < peer.allowedIps.length) peers[i] = { ...peer, allowedIps }
  })
}

const checkPeer = (peer: NamedPeer): void => {
  if (peer.allowedIps.length <= mostAllowedIps) return
  throw new WgqError(
    'E_DEVICE',
    `Peer ${peer.publicKey}: NetBSD keeps at most ${mostAllowedIps} allowed IPs, found ${peer.allowedIps.length}`,
    { errno: 'E2BIG', hint: 'Aggregate the prefixes, or use the userspace data plane' },
  )
}

const nameOf = (peer: NamedPeer): string => {
  if (peer.name !== undefined) return peer.name
  throw new WgqError('E_DEVICE', `Peer ${peer.publicKey} has no name, so NetBSD cannot delete or change it`, {
    errno: 'ENOENT',
    hint: 'Destroy the interface and create it anew',
  })
}

const keyRequest = (current: DriverReply, change: DeviceChange): DriverRequest[] =>
  change.privateKey === undefined || change.privateKey === (current.privateKey ?? zeroKey)
    ? []
    : [setPrivateKey(change.privateKey)]

/** The socket binds only once. The kernel refuses port 0, so the old port stays. */
const portRequest = (current: DriverReply, change: DeviceChange): DriverRequest[] =>
  !change.listenPort || change.listenPort === current.listenPort ? [] : [setListenPort(change.listenPort)]

const warningsOf = (
  current: DriverReply,
  change: DeviceChange,
  added: readonly NamedPeer[],
  before: readonly NamedPeer[],
): string[] => [
  ...(change.fwmark ? ['NetBSD has no FwMark; it is ignored'] : []),
  ...(change.listenPort === 0 && current.listenPort !== 0
    ? [`NetBSD cannot release a listen port; it stays ${current.listenPort}`]
    : []),
  ...keepaliveKeys(change).map((key) => `Peer ${key}: NetBSD has no PersistentKeepalive; it is ignored`),
  ...added
    .filter((peer) => before.some((old) => old.publicKey === peer.publicKey))
    .map((peer) => `Peer ${peer.publicKey}: NetBSD adds a changed peer anew; its session is lost`),
]

const keepaliveKeys = (change: DeviceChange): Key[] =>
  change.peers.filter((peer) => peer.keepaliveSeconds).map((peer) => peer.publicKey)
