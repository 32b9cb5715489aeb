// SPDX-License-Identifier: MIT
import { littleEndian } from './byte-order.ts'
import { align, attributeHeaderBytes, headerBytes, nestedBit } from './protocol.ts'

/**
 * Writes consecutive netlink messages into a growing buffer, so that a batch is one datagram. A message is `begin`,
 * fixed fields, attributes, `end`; a nest is `openNest`, attributes, `closeNest`. Padding is always zero.
 */
export class MessageWriter {
  private bytes = new Uint8Array(8192)
  private view = new DataView(this.bytes.buffer)
  private messageStart = 0
  /** Bytes written so far, all messages together. */
  length = 0

  /** Starts a message; its length is filled in by {@link end}. */
  begin(type: number, flags: number, sequence: number): void {
    this.messageStart = this.length
    this.reserve(headerBytes)
    this.view.setUint16(this.length + 4, type, littleEndian)
    this.view.setUint16(this.length + 6, flags, littleEndian)
    this.view.setUint32(this.length + 8, sequence, littleEndian)
    this.length += headerBytes
  }

  /** Ends the message that was begun last. */
  end(): void {
    this.view.setUint32(this.messageStart, this.length - this.messageStart, littleEndian)
  }

  /** Bytes of the message that is being written. */
  get messageBytes(): number {
    return this.length - this.messageStart
  }

  /** Fixed fields of the message. */
  u8(value: number): void {
    this.reserve(1)
    this.view.setUint8(this.length, value)
    this.length += 1
  }

  u16(value: number): void {
    this.reserve(2)
    this.view.setUint16(this.length, value, littleEndian)
    this.length += 2
  }

  u32(value: number): void {
    this.reserve(4)
    this.view.setUint32(this.length, value, littleEndian)
    this.length += 4
  }

  u8Attribute(type: number, value: number): void {
    this.view.setUint8(this.attribute(type, 1), value)
  }

  u16Attribute(type: number, value: number): void {
    const at = this.attribute(type, 2)
    this.view.setUint16(at, value, littleEndian)
  }

  u32Attribute(type: number, value: number): void {
    const at = this.attribute(type, 4)
    this.view.setUint32(at, value, littleEndian)
  }

  bytesAttribute(type: number, value: Uint8Array): void {
    const at = this.attribute(type, value.length)
    this.bytes.set(value, at)
  }

  /** A string with its terminating NUL. */
  textAttribute(type: number, text: string): void {
    const value = Buffer.from(text, 'utf8')
    const at = this.attribute(type, value.length + 1)
    this.bytes.set(value, at)
  }

  /** Opens a nest (NLA_F_NESTED set) and returns the mark that {@link closeNest} takes. */
  openNest(type: number): number {
    const mark = this.length
    this.attribute(type | nestedBit, 0)
    return mark
  }

  closeNest(mark: number): void {
    this.view.setUint16(mark, this.length - mark, littleEndian)
  }

  /** Discards everything after `length`, an earlier value of {@link length}. */
  rewind(length: number): void {
    this.bytes.fill(0, length, this.length)
    this.length = length
  }

  /** A copy of everything written; the writer is empty afterwards. */
  take(): Uint8Array {
    const out = this.bytes.slice(0, this.length)
    this.rewind(0)
    return out
  }

  /** Writes an attribute header for `length` bytes and returns where they go. */
  private attribute(type: number, length: number): number {
    const size = attributeHeaderBytes + align(length)
    this.reserve(size)
    const at = this.length
    this.view.setUint16(at, attributeHeaderBytes + length, littleEndian)
    this.view.setUint16(at + 2, type, littleEndian)
    this.length += size
    return at + attributeHeaderBytes
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more))
    grown.set(this.bytes)
    this.bytes = grown
    this.view = new DataView(grown.buffer)
  }
}
