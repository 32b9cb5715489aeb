// SPDX-License-Identifier: MIT
import encodeQR from 'qr'
import { falseFinders } from './false-finders.ts'
import { penalty } from './penalty.ts'

/** A QR code: rows of modules including the quiet zone; true is dark. */
export type QrSymbol = ReadonlyArray<readonly boolean[]>

/** ISO/IEC 18004 requires four light modules around a symbol. */
export const quietModules = 4

const masks = [0, 1, 2, 3, 4, 5, 6, 7] as const

// A mask this much worse than the best one still distributes dark and light well; the eight masks differ by more.
const goodPenalty = 1.4

/**
 * Creates the smallest symbol of a text: level L, because a screen gets no scratches, and one byte segment. Of the
 * masks with a good penalty, uses one in which no decoder finds a fourth finder pattern. Raises the encoder's error for
 * a text that is too long.
 */
export const symbolOf = (text: string): QrSymbol => {
  const ratings = masks
    .map((mask) => {
      const drawn = encodeQR(text, 'raw', { ecc: 'low', encoding: 'byte', border: quietModules, mask })
      const inner = drawn
        .slice(quietModules, -quietModules)
        .map((row) => row.slice(quietModules, -quietModules))
      return { inner, penalty: penalty(inner) }
    })
    .sort((a, b) => a.penalty - b.penalty)
  const limit = (ratings[0]?.penalty ?? 0) * goodPenalty
  const good = ratings.filter((rating) => rating.penalty <= limit)
  const [best] = good
    .map(({ inner }) => ({ inner, count: falseFinders(inner) }))
    .sort((a, b) => a.count - b.count)
  return framed(best?.inner ?? [])
}

const framed = (inner: QrSymbol): QrSymbol => {
  const width = inner.length + 2 * quietModules
  const light = () => new Array<boolean>(width).fill(false)
  const side = new Array<boolean>(quietModules).fill(false)
  const margin = Array.from({ length: quietModules }, light)
  return [...margin, ...inner.map((row) => [...side, ...row, ...side]), ...margin.map(light)]
}
