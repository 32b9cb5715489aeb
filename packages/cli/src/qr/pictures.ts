// SPDX-License-Identifier: MIT
import { crc32, deflateSync } from 'node:zlib'
import { type QrSymbol, quietModules } from './symbol.ts'

/** Pixels per module: an integer, because decoders fail on blurred modules; fewer above version 27. */
export const modulePixels = (symbol: QrSymbol): number =>
  symbol.length - 2 * quietModules > 4 * 27 + 17 ? 4 : 8

/** An SVG picture whose size is in whole pixels, black on its own white background. */
export const svgOf = (symbol: QrSymbol): string => {
  const size = symbol.length
  const pixels = size * modulePixels(symbol)
  const path = symbol.flatMap((row, y) =>
    runsOf(row).map(({ x, length }) => `M${x} ${y}h${length}v1h-${length}z`),
  )
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<svg xmlns="http://www.w3.org/2000/svg" width="${pixels}" height="${pixels}" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges">`,
    `<rect width="${size}" height="${size}" fill="#fff"/>`,
    `<path d="${path.join('')}" fill="#000"/>`,
    '</svg>',
    '',
  ].join('\n')
}

/** A PNG picture (ISO/IEC 15948) with one bit per pixel. */
export const pngOf = (symbol: QrSymbol): Buffer => {
  const scale = modulePixels(symbol)
  const width = symbol.length * scale
  const lines = symbol.flatMap((row) => {
    const line = Buffer.alloc(1 + Math.ceil(width / 8))
    row.forEach((dark, x) => {
      for (let pixel = x * scale; pixel < (x + 1) * scale; pixel++)
        if (!dark) line[1 + (pixel >> 3)] = (line[1 + (pixel >> 3)] as number) | (0x80 >> (pixel & 7))
    })
    return new Array<Buffer>(scale).fill(line)
  })
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(width, 4)
  // Bit depth 1; greyscale, deflate, no filter, no interlace are 0.
  header[8] = 1
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(lines), { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

const chunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const check = Buffer.alloc(4)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}

const runsOf = (row: readonly boolean[]): Array<{ x: number; length: number }> => {
  const runs: Array<{ x: number; length: number }> = []
  row.forEach((dark, x) => {
    const last = runs.at(-1)
    if (!dark) return
    if (last && last.x + last.length === x) last.length++
    else runs.push({ x, length: 1 })
  })
  return runs
}
