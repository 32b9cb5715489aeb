// SPDX-License-Identifier: MIT
import { endianness } from 'node:os'

// The few rtnetlink messages that a TUN daemon needs (rtnetlink(7)); the full codec is for programs that configure
// hosts. All in host byte order.

const little = endianness() === 'LE'
const u16 = (b: Buffer, at: number): number => (little ? b.readUInt16LE(at) : b.readUInt16BE(at))
const u32 = (b: Buffer, at: number): number => (little ? b.readUInt32LE(at) : b.readUInt32BE(at))
const put16 = (b: Buffer, value: number, at: number) =>
  little ? b.writeUInt16LE(value, at) : b.writeUInt16BE(value, at)
const put32 = (b: Buffer, value: number, at: number) =>
  little ? b.writeUInt32LE(value, at) : b.writeUInt32BE(value, at)

const headerLength = 16
const type = {
  error: 2,
  done: 3,
  newLink: 16,
  delLink: 17,
  getLink: 18,
  setLink: 19,
  newNetnsId: 88,
  getNetnsId: 90,
  newAddress: 20,
  getAddress: 22,
  newRoute: 24,
  deleteRoute: 25,
  getRoute: 26,
} as const
const request = 1
const acknowledge = 4
const dump = 0x300
const attribute = {
  ifName: 3,
  mtu: 4,
  newNetnsId: 45,
  targetNetnsId: 46,
  newIfIndex: 49,
  ofFamily: 26,
  addressGeneration: 8,
  rtaDst: 1,
  rtaSrc: 2,
  rtaOif: 4,
  rtaPriority: 6,
  rtaPreferredSource: 7,
  rtaMetrics: 8,
  rtaTable: 15,
  rtaMark: 16,
  metricMtu: 2,
  netnsId: 1,
  netnsFd: 3,
  ifaAddress: 1,
  ifaLocal: 2,
} as const
const interfaceUp = 1
const inet = 2
const inet6 = 10
const generateNone = 1
const routeTypeLocal = 2

/** RTMGRP_… masks. */
export const group = {
  link: 1,
  ip4Address: 0x10,
  ip4Route: 0x40,
  ip6Address: 0x100,
  ip6Route: 0x400,
} as const

/** New place of a link that was moved to another network namespace: the namespace's id in ours, and its index there. */
export interface LinkPlace {
  /** Undefined: our own namespace. */
  readonly netnsId: number | undefined
  readonly index: number
}

/** A link message of a datagram; other messages are ignored. */
export type LinkNews =
  | {
      readonly kind: 'link'
      readonly index: number
      readonly name: string
      readonly up: boolean
      readonly mtu: number
    }
  | {
      readonly kind: 'deleted'
      readonly index: number
      readonly movedTo: LinkPlace | undefined
    }

/** Reads the link messages of a datagram. Stops at a truncated message. */
export const readLinkNews = (datagram: Uint8Array): LinkNews[] => {
  const news: LinkNews[] = []
  for (const { kind, body } of messages(datagram)) {
    if ((kind !== type.newLink && kind !== type.delLink) || body.length < 16) continue
    const index = u32(body, 4)
    const found = attributes(body.subarray(16))
    const mtu = number(found.get(attribute.mtu))
    if (kind === type.delLink) news.push({ kind: 'deleted', index, movedTo: movedTo(found, index) })
    // Bridges and others send partial messages (AF_BRIDGE) without an MTU.
    else if (mtu !== undefined && body[0] === 0) {
      const name = found.get(attribute.ifName)?.toString('latin1').replace(/\0.*$/s, '') ?? ''
      news.push({ kind: 'link', index, name, up: (u32(body, 8) & interfaceUp) !== 0, mtu })
    }
  }
  return news
}

/** `ip link show dev NAME`, also in another namespace: the answer is link news, or an error. */
export const linkQuery = (name: string, netnsId?: number): Buffer => {
  const parts = [Buffer.alloc(16), encode(attribute.ifName, Buffer.from(`${name}\0`))]
  if (netnsId !== undefined) parts.push(encode(attribute.targetNetnsId, word(netnsId)))
  return message(type.getLink, parts)
}

/** `ip netns set NETNS auto`: assigns an id in our namespace to the namespace of a descriptor. The answer is an
 *  acknowledgement, even if it already has an id. */
export const nameNetns = (fd: number): Buffer =>
  message(
    type.newNetnsId,
    [Buffer.alloc(4), encode(attribute.netnsId, word(-1 >>> 0)), encode(attribute.netnsFd, word(fd))],
    acknowledge,
  )

/** Queries the id of the namespace of a descriptor. */
export const netnsIdQuery = (fd: number): Buffer =>
  message(type.getNetnsId, [Buffer.alloc(4), encode(attribute.netnsFd, word(fd))])

/** Reads the answer to {@link netnsIdQuery}; undefined if the namespace has no id. */
export const readNetnsId = (datagram: Uint8Array): number | undefined => {
  for (const { kind, body } of messages(datagram)) {
    const id =
      kind === type.newNetnsId ? number(attributes(body.subarray(4)).get(attribute.netnsId)) : undefined
    if (id !== undefined && id < 0x8000_0000) return id
  }
  return undefined
}

/** As {@link linkQuery}, for a link by its place, which may be in another namespace. */
export const placeQuery = (place: LinkPlace): Buffer => {
  const header = Buffer.alloc(16)
  put32(header, place.index, 4)
  if (place.netnsId === undefined) return message(type.getLink, [header])
  return message(type.getLink, [header, encode(attribute.targetNetnsId, word(place.netnsId))])
}

/** `ip route get DST from SRC mark MARK`, or without the source. */
export const routeQuery = (destination: Buffer, source: Buffer | undefined, mark: number): Buffer => {
  const header = Buffer.alloc(12)
  header[0] = destination.length === 4 ? 2 : 10
  header[1] = destination.length * 8
  const parts = [header, encode(attribute.rtaDst, destination)]
  if (source) {
    header[2] = source.length * 8
    parts.push(encode(attribute.rtaSrc, source))
  }
  if (mark !== 0) parts.push(encode(attribute.rtaMark, word(mark)))
  return message(type.getRoute, parts)
}

/** `ip link set dev INDEX addrgenmode none`. */
export const noAddressGeneration = (index: number): Buffer => {
  const header = Buffer.alloc(16)
  put32(header, index, 4)
  const mode = encode(attribute.addressGeneration, Buffer.from([generateNone]))
  return message(type.setLink, [header, encode(attribute.ofFamily, encode(inet6, mode))])
}

/** `ip route get ADDRESS`. */
export const localQuery = (address: Buffer): Buffer => {
  const header = Buffer.alloc(12)
  header[0] = address.length === 4 ? 2 : 10
  header[1] = address.length * 8
  return message(type.getRoute, [header, encode(attribute.rtaDst, address)])
}

/** Whether the address belongs to this machine, by the answer to {@link localQuery}. */
export const isLocal = (datagram: Uint8Array): boolean => {
  for (const { kind, body } of messages(datagram))
    if (kind === type.newRoute && body.length >= 12) return body[7] === routeTypeLocal
  return false
}

/** Output interface of the answer to {@link routeQuery}; undefined if there is no such route (any more). */
export const routeInterface = (datagram: Uint8Array): number | undefined => {
  for (const { kind, body } of messages(datagram)) {
    if (kind !== type.newRoute || body.length < 12) continue
    return number(attributes(body.subarray(12)).get(attribute.rtaOif))
  }
  return undefined
}

/** The source that the system would use, by the answer to {@link routeQuery}; undefined if it names none. */
export const preferredSource = (datagram: Uint8Array): Buffer | undefined => {
  for (const { kind, body } of messages(datagram))
    if (kind === type.newRoute && body.length >= 12)
      return attributes(body.subarray(12)).get(attribute.rtaPreferredSource)
  return undefined
}

/** `ip -FAMILY address show`; the answer ends with {@link isLastOfDump}. */
export const addressesQuery = (family: 4 | 6): Buffer => {
  const header = Buffer.alloc(8)
  header[0] = family === 4 ? inet : inet6
  return message(type.getAddress, [header], dump)
}

/** An address of this machine. */
export interface HostAddress {
  readonly index: number
  readonly address: Buffer
  readonly scope: 'global' | 'link' | 'host'
  /** Not usable: tentative, duplicate, or deprecated. */
  readonly isUnfit: boolean
}

/** Reads a datagram of the answer to {@link addressesQuery}. */
export const readAddresses = (datagram: Uint8Array): HostAddress[] => {
  const found: HostAddress[] = []
  for (const { kind, body } of messages(datagram)) {
    if (kind !== type.newAddress || body.length < 8) continue
    const parts = attributes(body.subarray(8))
    const address = parts.get(attribute.ifaLocal) ?? parts.get(attribute.ifaAddress)
    if (address === undefined) continue
    const scope = body[3] as number
    found.push({
      index: u32(body, 4),
      address,
      scope: scope >= scopeHost ? 'host' : scope >= scopeLink ? 'link' : 'global',
      isUnfit: ((body[2] as number) & unfitAddress) !== 0,
    })
  }
  return found
}

/** Whether this datagram is the last one of a dump. */
export const isLastOfDump = (datagram: Uint8Array): boolean =>
  [...messages(datagram)].some(({ kind }) => kind === type.done || kind === type.error)

/** `ip -FAMILY route show dev INDEX table all`. */
export const routesQuery = (family: 4 | 6, index: number): Buffer => {
  const header = Buffer.alloc(12)
  header[0] = family === 4 ? inet : inet6
  return message(type.getRoute, [header, encode(attribute.rtaOif, word(index))], dump)
}

/** A route and the MTU set on it; no MTU if the route was deleted. */
export interface RouteMtu {
  /** Identifies the route. */
  readonly route: string
  readonly index: number
  readonly mtu: number | undefined
}

/** Reads the routes of a datagram that have an MTU or were deleted. */
export const readRouteMtus = (datagram: Uint8Array): RouteMtu[] => {
  const found: RouteMtu[] = []
  for (const { kind, body } of messages(datagram)) {
    if ((kind !== type.newRoute && kind !== type.deleteRoute) || body.length < 12) continue
    const parts = attributes(body.subarray(12))
    const index = number(parts.get(attribute.rtaOif))
    const metrics = parts.get(attribute.rtaMetrics)
    const mtu = metrics && number(attributes(metrics).get(attribute.metricMtu))
    if (index === undefined || mtu === undefined) continue
    const names = [attribute.rtaDst, attribute.rtaTable, attribute.rtaPriority]
    const route = [
      body.toString('hex', 0, 4),
      ...names.map((name) => parts.get(name)?.toString('hex')),
    ].join()
    found.push({ route, index, mtu: kind === type.newRoute ? mtu : undefined })
  }
  return found
}

// --- internal ---

const scopeLink = 253
const scopeHost = 254
/** IFA_F_DADFAILED, IFA_F_DEPRECATED, IFA_F_TENTATIVE. */
const unfitAddress = 0x08 | 0x20 | 0x40

const movedTo = (found: Map<number, Buffer>, index: number): LinkPlace | undefined => {
  const netnsId = number(found.get(attribute.newNetnsId))
  return netnsId === undefined
    ? undefined
    : { netnsId, index: number(found.get(attribute.newIfIndex)) ?? index }
}

const number = (value: Buffer | undefined): number | undefined =>
  value && value.length >= 4 ? u32(value, 0) : undefined

const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  put32(bytes, value, 0)
  return bytes
}

const message = (kind: number, parts: readonly Buffer[], flags = 0): Buffer => {
  const out = Buffer.concat([Buffer.alloc(headerLength), ...parts])
  put32(out, out.length, 0)
  put16(out, kind, 4)
  put16(out, request | flags, 6)
  return out
}

const encode = (kind: number, value: Buffer): Buffer => {
  const out = Buffer.alloc((4 + value.length + 3) & ~3)
  put16(out, 4 + value.length, 0)
  put16(out, kind, 2)
  value.copy(out, 4)
  return out
}

function* messages(datagram: Uint8Array): Generator<{ kind: number; body: Buffer }> {
  const bytes = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.length)
  let at = 0
  while (at + headerLength <= bytes.length) {
    const length = u32(bytes, at)
    if (length < headerLength || at + length > bytes.length) return
    yield { kind: u16(bytes, at + 4), body: bytes.subarray(at + headerLength, at + length) }
    at += (length + 3) & ~3
  }
}

const attributes = (bytes: Buffer): Map<number, Buffer> => {
  const found = new Map<number, Buffer>()
  let at = 0
  while (at + 4 <= bytes.length) {
    const length = u16(bytes, at)
    if (length < 4 || at + length > bytes.length) break
    // The two high bits are flags (NLA_F_NESTED …).
    found.set(u16(bytes, at + 2) & 0x3fff, bytes.subarray(at + 4, at + length))
    at += (length + 3) & ~3
  }
  return found
}
