// SPDX-License-Identifier: MIT
import type { AllowedIpChange, DeviceChange, PeerChange } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import { parseIp } from '@wgq/model/ip'
import { keyBytes } from '@wgq/model/key'
import type { BsdPlatform } from '@wgq/native/bsd/machine'

const mostPort = 0xffff
const mostKeepaliveSeconds = 0xffff
const keyLength = 32

/** Largest FwMark: a cookie on FreeBSD, a routing table on OpenBSD. NetBSD has none; wgq prints a warning. */
const mostMark: Readonly<Record<BsdPlatform, number>> = {
  freebsd: 0xffffffff,
  openbsd: 255,
  netbsd: 0xffffffff,
}

/**
 * Checks that every value of a change is in its documented range before the kernel is called. Raises `E_DEVICE` (errno
 * `EINVAL`) with the field, the expected range and the value.
 */
export const checkChange = (change: DeviceChange, platform: BsdPlatform): void => {
  if (change.privateKey !== undefined) checkKey('PrivateKey', change.privateKey)
  if (change.listenPort !== undefined) checkNumber('ListenPort', change.listenPort, mostPort)
  if (change.fwmark !== undefined) checkMark(change.fwmark, platform)
  for (const peer of change.peers) checkPeer(peer)
}

const checkMark = (mark: number, platform: BsdPlatform): void => {
  if (inRange(mark, mostMark[platform])) return
  if (platform !== 'openbsd') throw refused('FwMark', `0 to ${mostMark[platform]}`, String(mark))
  throw new WgqError(
    'E_DEVICE',
    `FwMark names a routing table on OpenBSD: expected 0 to ${mostMark.openbsd}, found ${mark}`,
    {
      errno: 'EINVAL',
      hint: 'Set FwMark to the routing table for the encrypted packets, or leave it out',
    },
  )
}

const checkPeer = (peer: PeerChange): void => {
  checkKey('PublicKey', peer.publicKey)
  if (peer.presharedKey !== undefined) checkKey('PresharedKey', peer.presharedKey)
  if (peer.keepaliveSeconds !== undefined)
    checkNumber('PersistentKeepalive', peer.keepaliveSeconds, mostKeepaliveSeconds)
  if (peer.endpoint) {
    checkNumber('the port of Endpoint', peer.endpoint.port, mostPort)
    checkAddress('Endpoint', peer.endpoint.family, peer.endpoint.address)
  }
  for (const cidr of peer.allowedIps ?? []) checkAllowedIp(cidr)
}

const checkAllowedIp = (cidr: AllowedIpChange): void => {
  checkAddress('AllowedIPs', cidr.family, cidr.address)
  checkNumber('the prefix length of AllowedIPs', cidr.prefixLength, cidr.family === 4 ? 32 : 128)
}

const checkAddress = (field: string, family: 4 | 6, address: string): void => {
  const bytes = parseIp(address)
  if (bytes?.length !== (family === 4 ? 4 : 16)) throw refused(field, `an IPv${family} address`, address)
}

const checkKey = (field: string, key: PeerChange['publicKey']): void => {
  const { length } = keyBytes(key)
  if (length !== keyLength) throw refused(field, `${keyLength} bytes`, `${length}`)
}

const checkNumber = (field: string, value: number, most: number): void => {
  if (!inRange(value, most)) throw refused(field, `0 to ${most}`, String(value))
}

const inRange = (value: number, most: number): boolean =>
  Number.isInteger(value) && value >= 0 && value <= most

const refused = (field: string, expected: string, found: string): WgqError =>
  new WgqError('E_DEVICE', `${field}: expected ${expected}, found ${JSON.stringify(found)}`, {
    errno: 'EINVAL',
  })
