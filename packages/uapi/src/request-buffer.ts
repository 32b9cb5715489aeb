// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import { blockBytes, giveBlock, takeBlock } from './block-pool.ts'

/** Bytes of the longest line; a key is 64 digits, an address 49 characters. */
const mostLineBytes = 1024
/** Bytes of the longest request: about 65,000 peers. */
const mostRequestBytes = 24 << 20

const lineEnd = 10
/** Bytes of a first block: most requests are short. */
const firstBlockBytes = 4096

/**
 * Received bytes of a request that is not complete yet, in blocks: a long request is never copied as a whole. Each byte
 * is scanned once, however the bytes arrive.
 */
export class RequestBuffer {
  private blocks: Buffer[] = []
  /** Bytes used of the last block. */
  private used = 0
  private total = 0
  /** Bytes of the line that has no end yet. */
  private lineBytes = 0

  /** Bytes in the buffer. */
  get length(): number {
    return this.total
  }

  /**
   * Appends received bytes up to the end of the first request. Returns the rest, or undefined if the request is not
   * complete. Raises `E_UAPI` when it cannot become a request.
   */
  append(piece: Buffer): Buffer | undefined {
    let start = 0
    for (;;) {
      const end = piece.indexOf(lineEnd, start)
      this.lineBytes += (end < 0 ? piece.length : end) - start
      if (this.lineBytes > mostLineBytes) throw refused(`a line has at most ${mostLineBytes} bytes`)
      if (end < 0) break
      if (this.lineBytes === 0) {
        if (this.total + end === 0) throw refused('a request has at least one line')
        this.store(piece.subarray(0, end))
        return piece.subarray(end + 1)
      }
      this.lineBytes = 0
      start = end + 1
    }
    this.store(piece)
    return undefined
  }

  /** Yields the buffered lines, without line ends, and removes them. */
  *take(): Generator<string> {
    const blocks = this.blocks
    const used = this.used
    this.blocks = []
    this.used = this.total = this.lineBytes = 0
    let rest = ''
    let index = 0
    try {
      for (; index < blocks.length; index++) {
        const block = blocks[index] as Buffer
        const bytes = index === blocks.length - 1 ? used : block.length
        const lines = (rest + block.toString('latin1', 0, bytes)).split('\n')
        giveBack(block)
        rest = lines.pop() as string
        yield* lines
      }
      if (rest !== '') yield rest
    } finally {
      for (const block of blocks.slice(index + 1)) giveBack(block)
    }
  }

  /** Empties the buffer. */
  discard(): void {
    for (const block of this.blocks.splice(0)) giveBack(block)
    this.used = this.total = this.lineBytes = 0
  }

  private store(bytes: Buffer): void {
    if (this.total + bytes.length > mostRequestBytes)
      throw refused(`a request has at most ${mostRequestBytes} bytes`)
    this.total += bytes.length
    for (let at = 0; at < bytes.length; ) {
      let last = this.blocks.at(-1)
      if (!last || this.used === last.length) {
        const isShort = this.blocks.length === 0 && bytes.length <= firstBlockBytes
        last = isShort ? Buffer.allocUnsafe(Math.max(bytes.length, 512)) : takeBlock()
        this.blocks.push(last)
        this.used = 0
      }
      const copied = bytes.copy(last, this.used, at)
      this.used += copied
      at += copied
    }
  }
}

const giveBack = (block: Buffer): void => {
  if (block.length === blockBytes) giveBlock(block)
  else block.fill(0)
}

const refused = (found: string): WgqError =>
  new WgqError('E_UAPI', `The request is refused: ${found}`, { errno: 'E2BIG' })
