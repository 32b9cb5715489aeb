// SPDX-License-Identifier: MIT
import encodeQR from 'qr'
import decodeQR from 'qr/decode.js'
import { expect, test } from 'vitest'
import { halfBlocks, onWhite } from './half-blocks.ts'

test('draws two rows a line; an odd last row is above nothing', () => {
  const rows = [
    [true, false, true, false],
    [true, true, false, false],
    [true, false, true, false],
  ]
  expect(halfBlocks(rows)).toBe(' ▀▄█\n▄█▄█\n')
  expect(halfBlocks(rows, true)).toBe('█▄▀ \n▀ ▀ \n')
})

test('puts every line on white and back', () => {
  expect(onWhite('ab\nc\n')).toBe('\x1b[30;107mab\x1b[0m\n\x1b[30;107mc\x1b[0m\n')
})

test('what is drawn can be read', () => {
  const text = '[Interface]\nPrivateKey = cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=\n'
  const drawing = halfBlocks(encodeQR(text, 'raw', { ecc: 'low', border: 4 }))
  // Eight pixels per module: a camera also sees more than one.
  const rows = drawing
    .trimEnd()
    .split('\n')
    .flatMap((line) => [[...line].map((c) => '█▀'.includes(c)), [...line].map((c) => '█▄'.includes(c))])
  const scale = 8
  const width = (rows[0]?.length ?? 0) * scale
  const height = rows.length * scale
  const data = new Uint8Array(width * height * 4).fill(255)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const light = rows[Math.floor(y / scale)]?.[Math.floor(x / scale)] ?? true
      if (!light) data.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3)
    }
  }
  expect(decodeQR({ width, height, data })).toBe(text)
})
