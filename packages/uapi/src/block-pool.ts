// SPDX-License-Identifier: MIT

/** Bytes of a block. */
export const blockBytes = 1 << 16

const mostFree = 32

const free: Buffer[] = []

/** A block of {@link blockBytes}. Blocks are used again: V8 gives memory outside of its heap back only when it collects, which
 *  a megabyte of small objects brings about, whatever they hold outside. */
export const takeBlock = (): Buffer => free.pop() ?? Buffer.allocUnsafeSlow(blockBytes)

/** Takes back what {@link takeBlock} gave; nobody may read it any more. Keys may be in it: it is overwritten. */
export const giveBlock = (block: Buffer): void => {
  block.fill(0)
  if (free.length < mostFree) free.push(block)
}
