// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import { messagesOf } from './message-reader.ts'
import type { RawSocket } from './raw-socket.ts'

/**
 * A socket without a kernel, for tests: `answer` gets every sent message and returns the datagrams of the kernel's
 * answer.
 */
export class ReplaySocket implements RawSocket {
  readonly sent: Uint8Array[] = []
  private readonly waiting: Uint8Array[] = []
  private readonly answer: (request: { type: number; sequence: number; bytes: Buffer }) => Uint8Array[]

  constructor(answer: (request: { type: number; sequence: number; bytes: Buffer }) => Uint8Array[]) {
    this.answer = answer
  }

  send(datagram: Uint8Array): void {
    for (const { type, sequence, start, end } of messagesOf(datagram)) {
      const bytes = Buffer.from(datagram.slice(start - 16, end))
      this.sent.push(bytes)
      this.waiting.push(...this.answer({ type, sequence, bytes }))
    }
  }

  async receive(): Promise<Uint8Array> {
    const datagram = this.waiting.shift()
    if (datagram) return datagram
    throw new WgqError('E_NETLINK', 'The recording has no further answer', { errno: 'ETIMEDOUT' })
  }

  close(): void {}
}

/** The same datagram with every message answering `sequence`. */
export const withSequence = (datagram: Buffer, sequence: number): Buffer => {
  const copy = Buffer.from(datagram)
  for (let at = 0; at + 16 <= copy.length; at += (copy.readUInt32LE(at) + 3) & ~3)
    copy.writeUInt32LE(sequence, at + 8)
  return copy
}

/** NLMSG_ERROR for a sequence number; 0 acknowledges, a positive `errno` refuses. */
export const acknowledgement = (sequence: number, errno = 0): Uint8Array => {
  const bytes = Buffer.alloc(36)
  bytes.writeUInt32LE(36, 0)
  bytes.writeUInt16LE(2, 4)
  bytes.writeUInt32LE(sequence, 8)
  bytes.writeInt32LE(-errno, 16)
  return bytes
}
