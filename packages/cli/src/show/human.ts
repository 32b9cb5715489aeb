// SPDX-License-Identifier: MIT
import type { Device, Peer } from '@wgq/model/device'
import { formatEndpoint } from '@wgq/model/endpoint'
import type { Key } from '@wgq/model/key'
import { visible } from '@wgq/model/shown'
import type { Paint } from './colour.ts'
import { formatAgo, formatBytes, formatSpan } from './quantities.ts'

/** How to show a device to users. */
interface HumanSettings {
  readonly paint: Paint
  /** Show private and preshared keys in full (WG_HIDE_KEYS=never). */
  readonly revealKeys: boolean
  /** Names of peers, by key; shown by wgq, unsupported by wg. */
  readonly peerNames?: ReadonlyMap<Key, string>
  /** Wall clock, seconds since 1970. */
  readonly nowSeconds: bigint
}

/** Formats `wg show NAME` for users: peers sorted by last handshake, newest first (spec wg §2.2). */
export const formatHuman = (device: Device, settings: HumanSettings): string => {
  const { paint } = settings
  const lines = [`${paint.reset}${paint.heading('green', 'interface', visible(device.name))}`]
  const add = (label: string, value: string) => lines.push(paint.label(label) + value)
  if (device.publicKey !== undefined) add('public key', device.publicKey)
  if (device.privateKey !== undefined)
    add('private key', settings.revealKeys ? device.privateKey : '(hidden)')
  if (device.listenPort !== 0) add('listening port', String(device.listenPort))
  if (device.fwmark !== 0) add('fwmark', `0x${device.fwmark.toString(16)}`)
  for (const peer of [...device.peers].sort(byHandshake)) {
    lines.push('', paint.heading('yellow', 'peer', peer.publicKey))
    const name = settings.peerNames?.get(peer.publicKey)
    if (name !== undefined) add('name', visible(name))
    addPeer(peer, settings, add)
  }
  return `${lines.join('\n')}\n`
}

const addPeer = (
  peer: Peer,
  { paint, revealKeys, nowSeconds }: HumanSettings,
  add: (label: string, value: string) => void,
): void => {
  if (peer.presharedKey !== undefined) add('preshared key', revealKeys ? peer.presharedKey : '(hidden)')
  if (peer.endpoint) add('endpoint', formatEndpoint(peer.endpoint))
  const ips = peer.allowedIps.map((ip) => `${ip.address}${paint.cyan('/')}${ip.prefixLength}`)
  add('allowed ips', ips.length === 0 ? '(none)' : ips.join(', '))
  const { seconds } = peer.lastHandshake
  if (seconds !== 0n) add('latest handshake', formatAgo(nowSeconds, seconds, paint))
  if (peer.rxBytes !== 0n || peer.txBytes !== 0n) {
    add('transfer', `${formatBytes(peer.rxBytes, paint)} received, ${formatBytes(peer.txBytes, paint)} sent`)
  }
  if (peer.keepaliveSeconds !== 0) {
    add('persistent keepalive', `every ${formatSpan(BigInt(peer.keepaliveSeconds), paint)}`)
  }
}

/** Newest first; peers without a handshake have time zero and sort last. The sort is stable. */
const byHandshake = (a: Peer, b: Peer): number => {
  if (a.lastHandshake.seconds !== b.lastHandshake.seconds)
    return a.lastHandshake.seconds < b.lastHandshake.seconds ? 1 : -1
  return b.lastHandshake.nanoseconds - a.lastHandshake.nanoseconds
}
