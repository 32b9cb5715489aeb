// SPDX-License-Identifier: MIT
import type { MessageWriter } from '@wgq/netlink/message-writer'
import { addressFamily, flag } from '@wgq/netlink/protocol'
import { type Attributes, messagesOfTypes, numberAt, request } from './kernel-message.ts'

// Links and network namespaces. if_link.h, net_namespace.h
const type = {
  newLink: 16,
  deleteLink: 17,
  getLink: 18,
  setLink: 19,
  newNetnsId: 88,
  getNetnsId: 90,
} as const
const attribute = { name: 3, mtu: 4, ofFamily: 26, newNetnsId: 45, targetNetnsId: 46, newIndex: 49 } as const
const inet6Attribute = { addressGeneration: 8 } as const
const netnsAttribute = { id: 1, fd: 3 } as const
const linkBytes = 16
const netnsBytes = 4
const interfaceUp = 1
const generateNone = 1
/** The kernel chooses the id of a namespace. */
const anyId = 0xffff_ffff

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

/** Reads the link messages of a datagram. */
export const readLinkNews = (datagram: Uint8Array): LinkNews[] => {
  const news: LinkNews[] = []
  const messages = messagesOfTypes(datagram, [type.newLink, type.deleteLink], linkBytes)
  for (const { type: kind, fixed, attributes } of messages) {
    const index = numberAt(fixed, 4) as number
    const mtu = numberAt(attributes.get(attribute.mtu))
    if (kind === type.deleteLink) news.push({ kind: 'deleted', index, movedTo: movedTo(attributes, index) })
    // Bridges and others send partial messages (AF_BRIDGE) without an MTU.
    else if (mtu !== undefined && fixed[0] === 0) {
      const name = attributes.get(attribute.name)?.toString('latin1').replace(/\0.*$/s, '') ?? ''
      news.push({ kind: 'link', index, name, up: ((numberAt(fixed, 8) as number) & interfaceUp) !== 0, mtu })
    }
  }
  return news
}

/** `ip link show dev NAME`, also in another namespace: the answer is link news, or an error. */
export const linkQuery = (name: string, netnsId?: number): Buffer =>
  request(type.getLink, 0, (writer) => {
    header(writer, 0)
    writer.textAttribute(attribute.name, name)
    if (netnsId !== undefined) writer.u32Attribute(attribute.targetNetnsId, netnsId)
  })

/** As {@link linkQuery}, for a link by its place, which may be in another namespace. */
export const placeQuery = ({ index, netnsId }: LinkPlace): Buffer =>
  request(type.getLink, 0, (writer) => {
    header(writer, index)
    if (netnsId !== undefined) writer.u32Attribute(attribute.targetNetnsId, netnsId)
  })

/** `ip link set dev INDEX addrgenmode none`. */
export const noAddressGeneration = (index: number): Buffer =>
  request(type.setLink, 0, (writer) => {
    header(writer, index)
    const families = writer.openNest(attribute.ofFamily)
    const inet6 = writer.openNest(addressFamily[6])
    writer.u8Attribute(inet6Attribute.addressGeneration, generateNone)
    writer.closeNest(inet6)
    writer.closeNest(families)
  })

/** `ip netns set NETNS auto`: assigns an id in our namespace to the namespace of a descriptor. The answer is an
 *  acknowledgement, even if it already has an id. */
export const nameNetns = (fd: number): Buffer =>
  request(type.newNetnsId, flag.ack, (writer) => {
    writer.u32(0)
    writer.u32Attribute(netnsAttribute.id, anyId)
    writer.u32Attribute(netnsAttribute.fd, fd)
  })

/** Queries the id of the namespace of a descriptor. */
export const netnsIdQuery = (fd: number): Buffer =>
  request(type.getNetnsId, 0, (writer) => {
    writer.u32(0)
    writer.u32Attribute(netnsAttribute.fd, fd)
  })

/** Reads the answer to {@link netnsIdQuery}; undefined if the namespace has no id. */
export const readNetnsId = (datagram: Uint8Array): number | undefined =>
  messagesOfTypes(datagram, [type.newNetnsId], netnsBytes)
    .map(({ attributes }) => numberAt(attributes.get(netnsAttribute.id)))
    .find((id) => id !== undefined && id < 0x8000_0000)

// --- internal ---

const header = (writer: MessageWriter, index: number): void => {
  for (const value of [0, index, 0, 0]) writer.u32(value)
}

const movedTo = (attributes: Attributes, index: number): LinkPlace | undefined => {
  const netnsId = numberAt(attributes.get(attribute.newNetnsId))
  return netnsId === undefined
    ? undefined
    : { netnsId, index: numberAt(attributes.get(attribute.newIndex)) ?? index }
}
