// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import { littleEndian } from './byte-order.ts'
import { align, attributeHeaderBytes, headerBytes, typeMask } from './protocol.ts'

/** One message inside a datagram. Offsets count from the start of `view`. */
export interface Message {
  readonly view: DataView
  readonly type: number
  readonly flags: number
  readonly sequence: number
  /** Where the payload starts and ends. */
  readonly start: number
  readonly end: number
}

/** The messages of a datagram in order. Raises `E_NETLINK` when a length does not fit. */
export const messagesOf = (datagram: Uint8Array): Message[] => {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength)
  const messages: Message[] = []
  let at = 0
  while (at < view.byteLength) {
    if (view.byteLength - at < headerBytes) throw malformed('a message header', view.byteLength - at)
    const length = view.getUint32(at, littleEndian)
    if (length < headerBytes || length > view.byteLength - at) throw malformed('a message', length)
    messages.push({
      view,
      type: view.getUint16(at + 4, littleEndian),
      flags: view.getUint16(at + 6, littleEndian),
      sequence: view.getUint32(at + 8, littleEndian),
      start: at + headerBytes,
      end: at + length,
    })
    at += align(length)
  }
  return messages
}

/**
 * Walks attributes. After `next()` returned true, `type` is the number without flag bits and the value is at `start` to
 * `end`. Values of an unexpected length read as undefined: a newer kernel may have extended them.
 */
export class AttributeCursor {
  readonly view: DataView
  private at: number
  private readonly limit: number
  type = 0
  start = 0
  end = 0

  constructor(view: DataView, start: number, end: number) {
    if (start > end || end > view.byteLength) throw malformed('a fixed part', end - start)
    this.view = view
    this.at = start
    this.limit = end
  }

  /** Moves to the next attribute; false at the end. Raises `E_NETLINK` when a length does not fit. */
  next(): boolean {
    const left = this.limit - this.at
    // Up to three bytes of padding may follow the last attribute of a message.
    if (left < attributeHeaderBytes) return false
    const length = this.view.getUint16(this.at, littleEndian)
    if (length < attributeHeaderBytes || length > left) throw malformed('an attribute', length)
    this.type = this.view.getUint16(this.at + 2, littleEndian) & typeMask
    this.start = this.at + attributeHeaderBytes
    this.end = this.at + length
    this.at += align(length)
    return true
  }

  /** The attributes inside the current one. */
  nested(): AttributeCursor {
    return new AttributeCursor(this.view, this.start, this.end)
  }

  u8(): number | undefined {
    return this.end - this.start === 1 ? this.view.getUint8(this.start) : undefined
  }

  u16(): number | undefined {
    return this.end - this.start === 2 ? this.view.getUint16(this.start, littleEndian) : undefined
  }

  u32(): number | undefined {
    return this.end - this.start === 4 ? this.view.getUint32(this.start, littleEndian) : undefined
  }

  u64(): bigint | undefined {
    return this.end - this.start === 8 ? this.view.getBigUint64(this.start, littleEndian) : undefined
  }

  /** The value itself, not a copy. */
  bytes(): Uint8Array {
    return new Uint8Array(this.view.buffer, this.view.byteOffset + this.start, this.end - this.start)
  }

  /** A string up to its NUL. */
  text(): string {
    const bytes = this.bytes()
    const nul = bytes.indexOf(0)
    return Buffer.from(bytes.buffer, bytes.byteOffset, nul < 0 ? bytes.length : nul).toString('utf8')
  }

  /** An IPv4 or IPv6 address; undefined for any other length. */
  address(): Uint8Array | undefined {
    const length = this.end - this.start
    return length === 4 || length === 16 ? this.bytes() : undefined
  }
}

/** The attributes behind a fixed part of `fixedBytes`. Raises `E_NETLINK` when the message is shorter. */
export const attributesOf = (message: Message, fixedBytes: number): AttributeCursor =>
  new AttributeCursor(message.view, message.start + align(fixedBytes), message.end)

const malformed = (what: string, length: number): WgqError =>
  new WgqError('E_NETLINK', `Expected ${what} that fits into the kernel's answer, found ${length} bytes`, {
    errno: 'EBADMSG',
  })
