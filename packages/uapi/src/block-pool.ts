// SPDX-License-Identifier: MIT

/** Bytes of a block. */
export const blockBytes = 1 << 16

const mostFree = 32

const free: Buffer[] = []

/**
 * A block of {@link blockBytes}. Blocks are reused: V8 frees memory outside its heap only at a garbage collection,
 * which a megabyte of small objects triggers, however much they hold outside.
 */
export const takeBlock = (): Buffer => free.pop() ?? Buffer.allocUnsafeSlow(blockBytes)

/**
 * Returns a block of {@link takeBlock} to the pool; it must not be read any more. It may hold keys, so it is
 * overwritten.
 */
export const giveBlock = (block: Buffer): void => {
  block.fill(0)
  if (free.length < mostFree) free.push(block)
}
