// SPDX-License-Identifier: MIT

/** A reply that may still grow, and that several connections may be sending at once. */
export class Reply {
  /** How many connections send it. */
  readonly readers: number
  private readonly pieces: (Buffer | undefined)[] = []
  private total = 0
  private whole = false
  private failure: unknown
  private waiting: (() => void)[] = []

  constructor(readers: number) {
    this.readers = readers
  }

  /** A reply of one piece for one connection. */
  static of(text: string): Reply {
    const reply = new Reply(1)
    reply.add(Buffer.from(text, 'latin1'))
    reply.end()
    return reply
  }

  /** Bytes so far. */
  get length(): number {
    return this.total
  }

  add(piece: Buffer): void {
    this.pieces.push(piece)
    this.total += piece.length
    this.wake()
  }

  /** Nothing more is added; `failure` is why it is not complete. */
  end(failure?: unknown): void {
    this.whole = true
    this.failure = failure
    this.wake()
  }

  /** A piece by its number: undefined behind the last one, a promise of it while it is not there yet. Raises what
   *  {@link end} was given. */
  piece(index: number): Buffer | undefined | Promise<Buffer | undefined> {
    if (index < this.pieces.length) return this.pieces[index]
    if (this.failure !== undefined) throw this.failure
    if (this.whole) return undefined
    return new Promise<void>((resolve) => this.waiting.push(resolve)).then(() => this.piece(index))
  }

  /** A connection has sent a piece. Nobody else needs it where one connection reads. */
  sent(index: number): void {
    if (this.readers === 1) this.pieces[index] = undefined
  }

  private wake(): void {
    for (const resume of this.waiting.splice(0)) resume()
  }
}
