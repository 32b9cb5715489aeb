// SPDX-License-Identifier: MIT
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { linkQuery, placeQuery, readLinkNews } from './link-message.ts'
import { routeInterface, routeQuery } from './route-message.ts'

// RTM_NEWLINK of a TUN `wg0`, index 7, up, MTU 1420; then RTM_DELLINK of it (little-endian, cut to what is read).
const newLink = Buffer.from(
  `${'30000000'}${'1000'}${'0000'}${'00000000'}${'00000000'}${'0000feff'}${'07000000'}${'51100000'}${'00000000'}` +
    `${'0800'}${'0300'}${'77673000'}${'0800'}${'0400'}${'8c050000'}`,
  'hex',
)
const delLink = Buffer.from(
  `20000000110000000000000000000000${'0000feff'}${'07000000'}${'50100000'}00000000`,
  'hex',
)

test('link news', () => {
  expect(readLinkNews(newLink)).toEqual([{ kind: 'link', index: 7, name: 'wg0', up: true, mtu: 1420 }])
  expect(readLinkNews(Buffer.concat([newLink, delLink]))).toHaveLength(2)
  expect(readLinkNews(delLink)).toEqual([{ kind: 'deleted', index: 7, movedTo: undefined }])
})

test('messages of the bridge family and cut ones say nothing', () => {
  const bridge = Buffer.from(newLink)
  bridge[16] = 7
  expect(readLinkNews(bridge)).toEqual([])
  for (let length = 0; length < newLink.length; length++)
    expect(readLinkNews(newLink.subarray(0, length))).toEqual([])
})

test('random bytes are never believed to the point of an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(60), (bytes, at) => {
      const message = Buffer.from(newLink)
      message.set(
        bytes.subarray(0, message.length - Math.min(at, message.length)),
        Math.min(at, message.length),
      )
      readLinkNews(message)
      readLinkNews(bytes)
      routeInterface(bytes)
    }),
    { numRuns: 2000 },
  )
})

test('a link that was moved says where it went', () => {
  const moved = Buffer.concat([delLink, Buffer.from('08002d000300000008003100' + '09000000', 'hex')])
  moved.writeUInt32LE(moved.length, 0)
  expect(readLinkNews(moved)).toMatchObject([
    { kind: 'deleted', index: 7, movedTo: { netnsId: 3, index: 9 } },
  ])
})

test('queries', () => {
  expect(linkQuery('wg0').toString('hex')).toBe(
    `28000000${'1200'}${'0100'}0000000000000000${'00'.repeat(16)}${'0800'}${'0300'}77673000`,
  )
  expect(placeQuery({ netnsId: 3, index: 9 }).toString('hex')).toBe(
    `28000000${'1200'}${'0100'}0000000000000000${'00000000'}09000000${'00'.repeat(8)}${'0800'}${'2e00'}03000000`,
  )
  const route = routeQuery(Buffer.of(192, 0, 2, 1), Buffer.of(192, 0, 2, 2), 0xca6c)
  expect(route.toString('hex')).toBe(
    `34000000${'1a00'}${'0100'}0000000000000000${'02202000'}${'00'.repeat(8)}` +
      `${'08000100c0000201'}${'08000200c0000202'}${'080010006cca0000'}`,
  )
})
