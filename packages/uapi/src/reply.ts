// SPDX-License-Identifier: MIT
import { monotonicMs } from '@wgq/model/monotonic'
import { blockBytes, giveBlock, takeBlock } from './block-pool.ts'

interface Piece {
  readonly block: Buffer
  readonly length: number
  /** How many connections have not sent it yet. */
  left: number
}

/** A reply that may still grow, and that several connections may be sending at once. */
export class Reply {
  private readonly pieces: (Piece | undefined)[] = []
  private readers: number
  private total = 0
  private unread = 0
  private lastRead = monotonicMs()
  private whole = false
  private failure: unknown
  private waiting: (() => void)[] = []

  /** `readers` connections will send it. */
  constructor(readers: number) {
    this.readers = readers
  }

  /** A reply for one connection. */
  static of(text: string): Reply {
    const reply = new Reply(1)
    reply.add(text)
    reply.end()
    return reply
  }

  /** Bytes so far. */
  get length(): number {
    return this.total
  }

  /** Bytes that are held because some connection has not sent them. */
  get unreadBytes(): number {
    return this.unread
  }

  /** When bytes were last released ({@link monotonicMs}). */
  get readMs(): number {
    return this.lastRead
  }

  /** How many connections are sending it. */
  get readerCount(): number {
    return this.readers
  }

  /** Adds Latin-1 text. */
  add(text: string): void {
    for (let start = 0; start < text.length && this.readers > 0; start += blockBytes) {
      const part = text.slice(start, start + blockBytes)
      // Most replies are short.
      const block = part.length > blockBytes / 16 ? takeBlock() : Buffer.allocUnsafe(part.length)
      this.pieces.push({ block, length: block.write(part, 'latin1'), left: this.readers })
      this.total += part.length
      this.unread += part.length
    }
    this.wake()
  }

  /** Marks the end of the reply; `failure` is why it is incomplete. */
  end(failure?: unknown): void {
    this.whole = true
    this.failure = failure
    this.wake()
  }

  /** Whether {@link piece} returns without a promise. */
  isThere(index: number): boolean {
    return this.whole || index < this.pieces.length
  }

  /**
   * Returns a piece by its number, valid until it is {@link sent}: undefined after the last one, a promise while it
   * does not exist yet. Raises the failure given to {@link end}.
   */
  piece(index: number): Buffer | undefined | Promise<Buffer | undefined> {
    if (index < this.pieces.length) return this.bytesOf(index)
    if (this.failure !== undefined) throw this.failure
    if (this.whole) return undefined
    return new Promise<void>((resolve) => this.waiting.push(resolve)).then(() => this.piece(index))
  }

  /** Records that a connection has sent a piece. */
  sent(index: number): void {
    const piece = this.pieces[index]
    if (!piece || --piece.left > 0) return
    this.unread -= piece.length
    this.lastRead = monotonicMs()
    if (piece.block.length === blockBytes) giveBlock(piece.block)
    this.pieces[index] = undefined
  }

  /** Records that a connection sends neither this piece nor any later one. */
  leave(index: number): void {
    this.readers--
    for (let at = index; at < this.pieces.length; at++) this.sent(at)
  }

  private bytesOf(index: number): Buffer | undefined {
    const piece = this.pieces[index]
    return piece?.block.subarray(0, piece.length)
  }

  private wake(): void {
    for (const resume of this.waiting.splice(0)) resume()
  }
}
