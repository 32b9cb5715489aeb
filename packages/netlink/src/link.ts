// SPDX-License-Identifier: MIT
import type { Link } from '@wgq/model/host'
import { littleEndian } from './byte-order.ts'
import { type BatchRequest, type Exchange, isRefusal } from './exchange.ts'
import { attributesOf, type Message } from './message-reader.ts'
import type { MessageWriter } from './message-writer.ts'
import { flag } from './protocol.ts'

/** rtnetlink message types of links. */
const linkType = { new: 16, delete: 17, get: 18 } as const

// if_link.h
const attribute = { name: 3, mtu: 4, linkInfo: 18, netnsFd: 28, extensionMask: 29 } as const
const infoKind = 1
const upFlag = 1
const infoBytes = 16
/** RTEXT_FILTER_SKIP_STATS: saves 200 bytes of counters per link. */
const skipStatistics = 8

/** `ip link add dev NAME type wireguard`. */
export const addLink = (name: string, kind: string): BatchRequest => ({
  type: linkType.new,
  flags: flag.create | flag.exclusive,
  fill: (writer) => {
    header(writer, 0)
    writer.textAttribute(attribute.name, name)
    const info = writer.openNest(attribute.linkInfo)
    writer.textAttribute(infoKind, kind)
    writer.closeNest(info)
  },
})

/** `ip link delete`, by index. */
export const deleteLink = (index: number): BatchRequest => ({
  type: linkType.delete,
  flags: 0,
  fill: (writer) => header(writer, index),
})

/** `ip link set mtu MTU up`, by index. */
export const raiseLink = (index: number, mtu: number): BatchRequest => ({
  type: linkType.new,
  flags: 0,
  fill: (writer) => {
    header(writer, index, upFlag)
    writer.u32Attribute(attribute.mtu, mtu)
  },
})

/** `ip link set down dev NAME`. */
export const lowerLink = (index: number): BatchRequest => ({
  type: linkType.new,
  flags: 0,
  fill: (writer) => header(writer, index, 0, upFlag),
})

/** `ip link set dev NAME netns NETNS`, by index and an open descriptor of the namespace. */
export const moveLink = (index: number, netnsFd: number): BatchRequest => ({
  type: linkType.new,
  flags: 0,
  fill: (writer) => {
    header(writer, index)
    writer.u32Attribute(attribute.netnsFd, netnsFd)
  },
})

/** `ip link show dev NAME`; undefined when there is none. */
export const getLink = async (exchange: Exchange, by: string | number): Promise<Link | undefined> => {
  try {
    return await exchange.ask(
      linkType.get,
      0,
      (writer) => {
        header(writer, typeof by === 'number' ? by : 0)
        writer.u32Attribute(attribute.extensionMask, skipStatistics)
        if (typeof by === 'string') writer.textAttribute(attribute.name, by)
      },
      readLink,
    )
  } catch (error) {
    // A name that is too long is refused with ERANGE (or EINVAL): no such link can exist.
    if (isRefusal(error, 'ENODEV', 'ENXIO', 'ERANGE', 'EINVAL')) return undefined
    throw error
  }
}

/** `ip link show`, in the order of the kernel. An interrupted dump is accepted, as in `wg show interfaces`. */
export const listLinks = async (exchange: Exchange): Promise<Link[]> => {
  let links: Link[] = []
  await exchange.dump(
    linkType.get,
    0,
    (writer) => {
      header(writer, 0)
      writer.u32Attribute(attribute.extensionMask, skipStatistics)
    },
    {
      read: (message) => {
        if (message.type === linkType.new) links.push(readLink(message))
      },
      restart: () => {
        links = []
      },
      mostRestarts: 3,
    },
  )
  return links
}

/** Reads RTM_NEWLINK or RTM_DELLINK. */
export const readLink = (message: Message): Link => {
  const cursor = attributesOf(message, infoBytes)
  let name = ''
  let mtu = 0
  let kind: string | undefined
  while (cursor.next()) {
    if (cursor.type === attribute.name) name = cursor.text()
    else if (cursor.type === attribute.mtu) mtu = cursor.u32() ?? 0
    else if (cursor.type === attribute.linkInfo) {
      const info = cursor.nested()
      while (info.next()) if (info.type === infoKind) kind = info.text()
    }
  }
  const link = {
    index: message.view.getInt32(message.start + 4, littleEndian),
    name,
    mtu,
    up: (message.view.getUint32(message.start + 8, littleEndian) & upFlag) !== 0,
  }
  return kind === undefined ? link : { ...link, kind }
}

/** struct ifinfomsg; `up` also sets the change mask. */
const header = (writer: MessageWriter, index: number, flags = 0, changed = flags): void => {
  writer.u32(0)
  writer.u32(index)
  writer.u32(flags)
  writer.u32(changed)
}
