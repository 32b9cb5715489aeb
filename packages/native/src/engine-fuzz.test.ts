// SPDX-License-Identifier: MIT
import { openSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { createEngine } from './engine.ts'
import { allowedIp, endpoint, packetOf, virtio } from './fixtures/packets.ts'
import { beginSession, injectDatagram, injectPacket, seal } from './testing.ts'

// The receiving and the sending path with arbitrary input. Nothing may be read or written outside a buffer: run with
// the sanitizer build (WGQ_ADDON, LD_PRELOAD) to check that.

const engine = createEngine({
  tun: { fd: openSync('/dev/null', 'r+'), vnetHeader: true, udpSegmentation: true },
  mtu: 1420,
  onWake: () => {},
})
afterAll(() => engine.close())

const peer = engine.addPeer(Buffer.alloc(32, 9))
engine.setEndpoint(peer, endpoint([127, 0, 0, 1], 9))
engine.updateAllowedIps(
  Buffer.concat([allowedIp('add', peer, [0, 0, 0, 0], 0), allowedIp('add', peer, Array(16).fill(0), 0)]),
)
engine.setIdentity(Buffer.alloc(32, 5))
const key = Buffer.alloc(32, 7)
beginSession(engine, peer, {
  role: 'initiator',
  localIndex: 0x11223344,
  remoteIndex: 2,
  sendKey: Buffer.alloc(32, 8),
  receiveKey: key,
})
const from = endpoint([127, 0, 0, 1], 9)
const counter = (name: string) => engine.counters()[name] ?? 0

const transport = (nonce: bigint, plain: Uint8Array, index = 0x11223344) => {
  const header = Buffer.alloc(16)
  header.writeUInt32LE(4, 0)
  header.writeUInt32LE(index, 4)
  header.writeBigUInt64LE(nonce, 8)
  return Buffer.concat([header, seal('evp', key, nonce, plain)])
}
let nonce = 0n

test('arbitrary datagrams are dropped, each for a reason that is counted', () => {
  const before = engine.counters()
  let sent = 0
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 2000, size: 'max' }),
      fc.constantFrom(0, 1, 2, 3, 4, 5),
      fc.nat({ max: 700 }),
      (bytes, type, segmentBytes) => {
        if (bytes.length >= 4) bytes.set([type, 0, 0, 0])
        sent += segmentBytes ? Math.max(1, Math.ceil(bytes.length / segmentBytes)) : 1
        injectDatagram(engine, bytes, from, { segmentBytes })
      },
    ),
    { numRuns: 2000 },
  )
  const after = engine.counters()
  const grown = (name: string) => (after[name] ?? 0) - (before[name] ?? 0)
  expect(grown('udpDatagramsReceived')).toBe(sent)
  const reasons = ['malformed', 'badMac1', 'unknownIndex', 'expiredKey', 'badTag', 'handshakesQueued']
  expect(reasons.reduce((sum, name) => sum + grown(name), 0)).toBe(sent)
  expect(grown('tunPacketsWritten')).toBe(0)
})

test('exact lengths of handshake messages with arbitrary content', () => {
  fc.assert(
    fc.property(
      fc.constantFrom([1, 148], [2, 92], [3, 64]),
      fc.uint8Array({ minLength: 148, maxLength: 148 }),
      ([type, length], b) => {
        const bytes = b.subarray(0, length)
        bytes.set([type ?? 0, 0, 0, 0])
        injectDatagram(engine, bytes, from)
        engine.takeEvents()
      },
    ),
    { numRuns: 500 },
  )
  expect(engine.counters()['handshakesQueued']).toBeGreaterThan(0) // cookie replies are checked by length only
})

test('arbitrary plaintext of an authenticated peer is delivered or dropped', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300, size: 'max' }),
      fc.constantFrom(0x45, 0x46, 0x4f, 0x60, 0x00, 0xf5),
      fc.nat({ max: 3 }),
      fc.boolean(),
      (plain, version, tos, lengths) => {
        if (plain.length > 0) plain[0] = version
        if (lengths && plain.length > 12) {
          plain[2] = 0
          plain[3] = plain.length & 0xff
          plain[4] = 0
          plain[5] = Math.max(0, plain.length - 40) & 0xff
          plain[6] = plain[9] = plain.length & 1 ? 6 : 17
        }
        injectDatagram(engine, transport(nonce++, plain), from, { tos })
      },
    ),
    { numRuns: 2000 },
  )
  const { innerMalformed = 0, tunPacketsWritten = 0, badTag, replayed } = engine.counters()
  expect(innerMalformed).toBeGreaterThan(0)
  expect(tunPacketsWritten).toBeGreaterThan(0)
  expect({ badTag, replayed }).toEqual({ badTag: 0, replayed: 0 })
})

test('batches with a cut or foreign message in the middle', () => {
  const written = counter('tunPacketsWritten')
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.nat({ max: 1 }),
      fc.nat({ max: 99 }),
      (count, broken, cut) => {
        const messages = Array.from({ length: count }, (_, i) =>
          transport(nonce++, packetOf({ sequence: i * 100, payload: Buffer.alloc(100, i) })),
        )
        const stride = messages[0]?.length ?? 1
        const batch = Buffer.concat(messages)
        if (broken) batch[(count >> 1) * stride + 5] = 0xee
        injectDatagram(engine, batch.subarray(0, batch.length - cut), from, { segmentBytes: stride })
      },
    ),
    { numRuns: 300 },
  )
  expect(counter('tunPacketsWritten')).toBeGreaterThan(written)
  expect(counter('tunPacketsMerged')).toBeGreaterThan(0)
})

test('a replayed message is refused', () => {
  const message = transport(nonce++, packetOf({ payload: Buffer.alloc(10) }))
  const written = counter('tunPacketsWritten')
  for (let i = 0; i < 3; i++) injectDatagram(engine, message, from)
  expect(counter('tunPacketsWritten') - written).toBe(1)
  expect(counter('replayed')).toBe(2)
})

test('arbitrary packets of the device are sent or dropped', () => {
  const before = counter('tunPacketsRead')
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 3000, size: 'max' }),
      fc.constantFrom(0x45, 0x46, 0x60, 0x20),
      fc.constantFrom(0, 1, 4, 5, 3, 0x81),
      fc.nat({ max: 0xffff }),
      fc.constantFrom(20, 24, 40, 0, 0xffff),
      fc.constantFrom(6, 16, 0, 0xffff),
      (bytes, version, type, size, start, offset) => {
        if (bytes.length > 10) bytes.set([version, ...bytes.subarray(1, 9), type === 5 ? 17 : 6])
        injectPacket(engine, virtio({ type, size, start, offset, flags: size & 1 }), bytes)
      },
    ),
    { numRuns: 2000 },
  )
  expect(counter('tunPacketsRead')).toBeGreaterThan(before)
  expect(counter('tunMalformed')).toBeGreaterThan(0)
})
