// SPDX-License-Identifier: MIT
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import vectors from '../../../test/fixtures/protocol/cookie.json' with { type: 'json' }
import keys from '../../../test/fixtures/protocol/handshake-psk.json' with { type: 'json' }
import { createEngine, type PacketEngine } from './engine.ts'
import { allowedIp, endpoint, packetOf, virtio } from './fixtures/packets.ts'
import { beginSession, injectDatagram, injectPacket, open, refuseCipher, refuseRandom } from './testing.ts'

// Before the first engine: the faster functions are used only where they agree with EVP, so this process uses EVP.
refuseCipher('update')

const hex = (text: string) => Buffer.from(text, 'hex')
const sendKey = Buffer.alloc(32, 8)

let engine: PacketEngine
let outside: Socket
beforeEach(async () => {
  engine = createEngine({
    tun: { fd: openSync('/dev/null', 'r+'), vnetHeader: true, udpSegmentation: true },
    mtu: 1420,
    onWake: () => {},
  })
  engine.bind(0)
  outside = createSocket('udp4').bind(0, '127.0.0.1')
  await once(outside, 'listening')
  const peer = engine.addPeer(Buffer.alloc(32, 9))
  engine.setEndpoint(peer, endpoint([127, 0, 0, 1], (outside.address() as AddressInfo).port))
  engine.updateAllowedIps(allowedIp('add', peer, [0, 0, 0, 0], 0))
  engine.setIdentity(hex(keys.responder_static_private))
  beginSession(engine, peer, {
    role: 'initiator',
    localIndex: 1,
    remoteIndex: 2,
    sendKey,
    receiveKey: Buffer.alloc(32, 7),
  })
})
afterEach(() => {
  refuseCipher()
  refuseRandom(false)
  engine.close()
  outside.close()
})

const counter = (name: string): number => engine.counters()[name] ?? 0
const packet = (mark: number): Buffer => packetOf({ protocol: 'udp', payload: Buffer.alloc(64, mark) })
const inject = (mark: number): void => injectPacket(engine, virtio({ flags: 0 }), packet(mark))

test.each(['init', 'update', 'final', 'tag'] as const)(
  'a packet whose encryption is refused at its %s is dropped and counted, the next one leaves',
  async (step) => {
    refuseCipher(step)
    for (let i = 0; i < 3; i++) inject(0xaa)
    expect(counter('cryptoFailures')).toBe(3)
    refuseCipher()
    inject(0xbb)
    // Loopback keeps the order: what was refused would come first.
    const [message] = (await once(outside, 'message')) as [Buffer]
    expect(message.includes(Buffer.alloc(64, 0xaa))).toBe(false)
    const nonce = message.readBigUInt64LE(8)
    // A number of a refused packet is never used again.
    expect(nonce).toBe(3n)
    expect(Buffer.from(open('evp', sendKey, nonce, message.subarray(16)) ?? [])).toEqual(
      Buffer.concat([packet(0xbb), Buffer.alloc(4)]),
    )
    expect(counter('cryptoFailures')).toBe(3)
  },
)

test('without random bytes no cookie leaves, with none of the nonce and none of the secret', () => {
  refuseCipher()
  const initiation = hex(vectors.received_initiation)
  let host = 0
  const ask = (): void => injectDatagram(engine, initiation, endpoint([192, 0, 2, ++host], 5))
  // As many as are waiting make it load.
  for (let i = 0; i < 40; i++) ask()
  expect(counter('handshakesQueued')).toBeLessThan(40)
  const before = counter('cookiesSent')
  expect(before).toBeGreaterThan(0)
  refuseRandom(true)
  // The secret is there by now: it is the nonce that is missing.
  ask()
  expect([counter('cookiesSent'), counter('cryptoFailures')]).toEqual([before, 1])
  refuseRandom(false)
  ask()
  expect([counter('cookiesSent'), counter('cryptoFailures')]).toEqual([before + 1, 1])
})

test('without random bytes there is no engine, because strangers could foresee its limits', () => {
  refuseCipher()
  refuseRandom(true)
  expect(() =>
    createEngine({
      tun: { fd: openSync('/dev/null', 'r+'), vnetHeader: true, udpSegmentation: true },
      mtu: 1420,
      onWake: () => {},
    }),
  ).toThrow(expect.objectContaining({ code: 'EIO' }))
})
