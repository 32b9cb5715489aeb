// SPDX-License-Identifier: MIT
import { littleEndian } from '@wgq/netlink/byte-order'
import { AttributeCursor, attributesOf, type Message, messagesOf } from '@wgq/netlink/message-reader'
import { MessageWriter } from '@wgq/netlink/message-writer'
import { controlType, flag } from '@wgq/netlink/protocol'

// Messages between the daemon and the kernel (rtnetlink(7)). The kernel answers within send(), so that no answer is
// searched for by its number, and what cannot be read is left out: the state is queried anyhow.

/** RTMGRP_… masks. */
export const group = {
  link: 1,
  ip4Address: 0x10,
  ip4Route: 0x40,
  ip4Rule: 0x80,
  ip6Address: 0x100,
  ip6Route: 0x400,
  ip6Rule: 0x40000,
  nexthop: 0x80000000,
} as const

const writer = new MessageWriter()

/** A request of one message; `fill` writes its fixed part and its attributes. */
export const request = (type: number, flags: number, fill: (writer: MessageWriter) => void): Buffer => {
  writer.begin(type, flag.request | flags, 0)
  fill(writer)
  writer.end()
  return Buffer.from(writer.take())
}

/** Attributes by their number. */
export type Attributes = ReadonlyMap<number, Buffer>

/** A message of the kernel. */
interface KernelMessage {
  readonly type: number
  /** The part before the attributes. */
  readonly fixed: Buffer
  readonly attributes: Attributes
}

/** The messages of a datagram that have one of these types and a fixed part of `fixedBytes`. */
export const messagesOfTypes = (
  datagram: Uint8Array,
  types: readonly number[],
  fixedBytes: number,
): KernelMessage[] =>
  readable(datagram)
    .filter(({ type, start, end }) => types.includes(type) && end - start >= fixedBytes)
    .map((message) => ({
      type: message.type,
      fixed: Buffer.from(message.view.buffer, message.view.byteOffset + message.start, fixedBytes),
      attributes: byNumber(attributesOf(message, fixedBytes)),
    }))

/** The type of the first message of a datagram; 0 if there is none. */
export const typeOf = (datagram: Uint8Array): number => readable(datagram)[0]?.type ?? 0

/** The attributes inside the value of another one. */
export const nestedAttributes = (value: Buffer): Attributes =>
  byNumber(new AttributeCursor(new DataView(value.buffer, value.byteOffset, value.length), 0, value.length))

/** Reads 32 bits in the byte order of this machine; undefined if there are fewer. */
export const numberAt = (bytes: Buffer | undefined, at = 0): number | undefined => {
  if (bytes === undefined || bytes.length < at + 4) return undefined
  return littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
}

/** Whether this datagram is the last one of a dump. */
export const isLastOfDump = (datagram: Uint8Array): boolean =>
  readable(datagram).some(({ type }) => type === controlType.done || type === controlType.error)

// --- internal ---

const readable = (datagram: Uint8Array): Message[] => {
  try {
    return messagesOf(datagram)
  } catch {
    return []
  }
}

const byNumber = (cursor: AttributeCursor): Attributes => {
  const found = new Map<number, Buffer>()
  try {
    while (cursor.next()) {
      const value = cursor.bytes()
      found.set(cursor.type, Buffer.from(value.buffer, value.byteOffset, value.length))
    }
  } catch {
    // The attributes before the one that does not fit.
  }
  return found
}
