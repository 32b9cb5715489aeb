// SPDX-License-Identifier: MIT
import { createHash } from 'node:crypto'
import decodeQR from 'qr/decode.js'
import { describe, expect, test } from 'vitest'
import { falseFinders } from './false-finders.ts'
import { modulePixels, pngOf, svgOf } from './pictures.ts'
import { type QrSymbol, quietModules, symbolOf } from './symbol.ts'

const configuration = (n: number, peers = 1): string => {
  const key = (label: string) => createHash('sha256').update(`${label}${n}`).digest('base64')
  const peer = (i: number) =>
    `[Peer]\nPublicKey = ${key(`peer${i}`)}\nAllowedIPs = 10.${i}.0.0/16, fd00:${i}::/32\nEndpoint = vpn.example.org:51820\n`
  const head = `[Interface]\nPrivateKey = ${key('own')}\nAddress = 10.0.0.2/32\nDNS = 10.0.0.1\n`
  return head + Array.from({ length: peers }, (_, i) => peer(i)).join('')
}

const pixels = (symbol: QrSymbol, scale: number) => {
  const size = symbol.length * scale
  const data = new Uint8Array(size * size * 4).fill(255)
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++)
      if (symbol[Math.floor(y / scale)]?.[Math.floor(x / scale)])
        data.fill(0, (y * size + x) * 4, (y * size + x) * 4 + 3)
  return { width: size, height: size, data }
}

test('a quiet zone of four modules, as ISO/IEC 18004 asks', () => {
  const symbol = symbolOf(configuration(1))
  const edge = (line: readonly boolean[]) => line.findIndex(Boolean)
  expect(edge(symbol.map((row) => row.some(Boolean)))).toBe(quietModules)
  expect(edge(symbol[quietModules] as boolean[])).toBe(4)
})

test('next to nothing outside the corners looks like a finder pattern, and every symbol is read', () => {
  let afflicted = 0
  for (let n = 0; n < 100; n++) {
    const text = configuration(n, 1 + (n % 3))
    const symbol = symbolOf(text)
    const inner = symbol.slice(4, -4).map((row) => row.slice(4, -4))
    if (falseFinders(inner) > 0) afflicted++
    if (n % 10 === 0) expect(decodeQR(pixels(symbol, 4))).toBe(text)
  }
  // With the mask of the best penalty there are 60.
  expect(afflicted).toBeLessThanOrEqual(5)
})

test('a false finder is seen', () => {
  const modules = Array.from({ length: 29 }, () => new Array<boolean>(29).fill(false))
  for (let y = 0; y < 7; y++)
    for (let x = 0; x < 7; x++)
      (modules[11 + y] as boolean[])[11 + x] =
        y === 0 || y === 6 || x === 0 || x === 6 || (y > 1 && y < 5 && x > 1 && x < 5)
  expect(falseFinders(modules)).toBeGreaterThan(0)
})

describe('pictures', () => {
  test('an SVG has its size in whole pixels of a module', () => {
    const small = symbolOf(configuration(1))
    const large = symbolOf(configuration(1, 16))
    expect([modulePixels(small), modulePixels(large)]).toEqual([8, 4])
    for (const symbol of [small, large]) {
      const size = symbol.length * modulePixels(symbol)
      expect(svgOf(symbol)).toContain(
        `width="${size}" height="${size}" viewBox="0 0 ${symbol.length} ${symbol.length}"`,
      )
    }
  })

  test('a PNG says its size', () => {
    const symbol = symbolOf(configuration(1))
    const png = pngOf(symbol)
    expect(png.subarray(1, 4).toString()).toBe('PNG')
    expect(png.readUInt32BE(16)).toBe(symbol.length * 8)
  })
})
