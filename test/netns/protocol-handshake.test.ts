// SPDX-License-Identifier: MIT
// What a peer must and must not get from the daemon in the handshake (spec protocol §2, §3, §9.3).
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { whyNoTunnel } from '../support/implementation.ts'
import { addressBytes } from '../support/inner-packet.ts'
import { Lab, publicText } from '../support/lab.ts'
import { until } from '../support/netns.ts'
import { initiate, keysOf, mac1Fits, makeKeys, messageType, type Session, tai64n } from '../support/noise.ts'
import { typeOf } from '../support/protocol-peer.ts'

const why = whyNoTunnel()
if (why) console.log(`handshake tests skipped: ${why}`)

/** Long enough for an answer that must not come: answers take milliseconds here. */
const quietMs = 400
/** The flood rule: an initiation within 20 ms of the last accepted one is dropped. */
const floodPause = () => new Promise((resolve) => setTimeout(resolve, 30))

describe.skipIf(why)('handshake', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await Lab.open()
  })
  afterAll(() => lab?.remove())

  it('answers an initiation and passes packets', async () => {
    const peer = await lab.addPeer()
    const session = await peer.handshake()
    expect(await peer.ping(session)).toBe(true)
  })

  it('answers with a response for this peer alone, without a cookie', async () => {
    const peer = await lab.addPeer()
    const initiation = peer.initiation()
    peer.send(initiation.message)
    const response = await peer.port.next(5_000, (one) => typeOf(one) === messageType.response)
    const data = response?.data as Buffer
    expect(data).toHaveLength(92)
    expect(data.readUInt32LE(8)).toBe(initiation.localIndex)
    expect(mac1Fits(data, peer.keys.publicKey)).toBe(true)
    expect(data.subarray(76)).toEqual(Buffer.alloc(16))
    expect(initiation.finish(data)).toBeDefined()
  })

  it('accepts the initiation of the vector as it is, old as it is', async () => {
    const v = JSON.parse(
      readFileSync(new URL('../fixtures/protocol/handshake-psk.json', import.meta.url), 'utf8'),
    )
    const other = await Lab.open()
    try {
      const own = keysOf(Buffer.from(v.responder_static_private, 'hex'))
      other.daemon.setconf(
        `[Interface]\nPrivateKey = ${own.privateKey.toString('base64')}\nListenPort = ${other.port}\n`,
      )
      const keys = keysOf(Buffer.from(v.initiator_static_private, 'hex'))
      const peer = await other.addPeer({ keys, psk: Buffer.from(v.preshared_key, 'hex') })
      peer.send(Buffer.from(v.initiation_message, 'hex'))
      const response = await peer.port.next(5_000)
      expect(response?.data.readUInt32LE(8)).toBe(v.sender_index_initiator)
      const state = initiate(keys, own.publicKey, {
        timestamp: Buffer.from(v.tai64n_after_whitening, 'hex'),
        localIndex: v.sender_index_initiator,
        ephemeral: keysOf(Buffer.from(v.initiator_ephemeral_private, 'hex')),
      })
      expect(state.finish(response?.data as Buffer, peer.psk)).toBeDefined()
    } finally {
      other.remove()
    }
  })

  it('uses the preshared key', async () => {
    const peer = await lab.addPeer({ psk: randomBytes(32) })
    expect(await peer.ping(await peer.handshake())).toBe(true)
    await floodPause()
    const initiation = peer.initiation()
    peer.send(initiation.message)
    const response = await peer.port.next(5_000, (one) => typeOf(one) === messageType.response)
    expect(initiation.finish(response?.data as Buffer, Buffer.alloc(32))).toBeUndefined()
  })

  it('refuses a replayed, equal or older timestamp', async () => {
    const peer = await lab.addPeer()
    const first = peer.initiation({ timestamp: tai64n(2_000_000_000_000_000_000n) })
    peer.send(first.message)
    expect(await peer.port.next(5_000)).toBeDefined()
    for (const stamp of [2_000_000_000_000_000_000n, 1_999_999_999_999_999_999n, 1n]) {
      await floodPause()
      expect(await peer.tryHandshake({ timestamp: tai64n(stamp) }, quietMs)).toBeUndefined()
    }
    await floodPause()
    peer.send(first.message)
    expect(await peer.port.next(quietMs)).toBeUndefined()
    await floodPause()
    expect(await peer.tryHandshake({ timestamp: tai64n(2_000_000_000_000_000_001n) })).toBeDefined()
  })

  it('starts again from nothing when the peer was removed and added', async () => {
    const peer = await lab.addPeer()
    const stamp = tai64n(2_000_000_000_000_000_000n)
    expect(await peer.tryHandshake({ timestamp: stamp })).toBeDefined()
    lab.daemon.set('peer', publicText(peer), 'remove')
    lab.daemon.set('peer', publicText(peer), 'allowed-ips', `${peer.inner.own}/32`)
    expect(await peer.tryHandshake({ timestamp: stamp })).toBeDefined()
  })

  it('drops the second of two initiations that come at once', async () => {
    const peer = await lab.addPeer()
    const now = BigInt(Date.now()) * 1_000_000n
    const both = [now, now + 1_000_000_000n].map((stamp) => peer.initiation({ timestamp: tai64n(stamp) }))
    peer.send(...both.map((one) => one.message))
    const answered: number[] = []
    for (;;) {
      const one = await peer.port.next(quietMs)
      if (!one) break
      answered.push(one.data.readUInt32LE(8))
    }
    expect(answered).toEqual([both[0]?.localIndex])
  })

  it('is silent to everything it cannot trust', async () => {
    const peer = await lab.addPeer()
    const good = () => Buffer.from(peer.initiation().message)
    const wrongMac = good()
    wrongMac[120] = (wrongMac[120] ?? 0) ^ 1
    const reserved = good()
    reserved[1] = 1
    const stranger = initiate(makeKeys(), lab.keys.publicKey).message
    const forAnother = initiate(peer.keys, makeKeys().publicKey).message
    const damaged = initiate(peer.keys, lab.keys.publicKey)
    damaged.message[50] = (damaged.message[50] ?? 0) ^ 1
    const silent: Record<string, Buffer> = {
      'mac1 wrong': wrongMac,
      'reserved bytes set': reserved,
      'unknown static key': stranger,
      'for another responder': forAnother,
      'damaged static key': damaged.message,
      '147 bytes': good().subarray(0, 147),
      '149 bytes': Buffer.concat([good(), Buffer.alloc(1)]),
      'empty datagram': Buffer.alloc(0),
      'one byte': Buffer.of(1),
      'three bytes': Buffer.of(1, 0, 0),
      'type only': Buffer.of(1, 0, 0, 0),
      'type 0': Buffer.alloc(148),
      'type 5': Buffer.concat([Buffer.of(5, 0, 0, 0), randomBytes(144)]),
      'response to nothing': Buffer.concat([Buffer.of(2, 0, 0, 0), randomBytes(88)]),
      'cookie reply to nothing': Buffer.concat([Buffer.of(3, 0, 0, 0), randomBytes(60)]),
      'transport of 31 bytes': Buffer.concat([Buffer.of(4, 0, 0, 0), randomBytes(27)]),
      'transport of an unknown index': Buffer.concat([Buffer.of(4, 0, 0, 0), randomBytes(60)]),
      'as large as UDP gets': Buffer.concat([Buffer.of(4, 0, 0, 0), randomBytes(65_503)]),
    }
    for (const [what, message] of Object.entries(silent)) {
      await floodPause()
      peer.send(message)
      expect(await peer.port.next(what.includes('large') ? quietMs : 120), what).toBeUndefined()
    }
    expect(lab.daemon.showPeer('latest-handshakes', publicText(peer))).toBe('0')
    expect(await peer.ping(await peer.handshake())).toBe(true)
  })

  it('answers nothing while it has no private key', async () => {
    const peer = await lab.addPeer()
    lab.daemon.set('private-key', '/dev/null')
    expect(await peer.tryHandshake({}, quietMs)).toBeUndefined()
    lab.daemon.setconf(
      `[Interface]\nPrivateKey = ${lab.keys.privateKey.toString('base64')}\nListenPort = ${lab.port}\n`,
      'addconf',
    )
    expect(await peer.tryHandshake()).toBeDefined()
  })

  it('chooses indices at random', async () => {
    const peer = await lab.addPeer()
    const indices: number[] = []
    let stamp = 2_000_000_000_000_000_000n
    for (let i = 0; i < 60; i++) {
      await floodPause()
      stamp += 1_000_000_000n
      indices.push((await peer.handshake({ timestamp: tai64n(stamp) })).remoteIndex)
    }
    expect(new Set(indices).size).toBe(indices.length)
    for (let bit = 0; bit < 32; bit++) {
      const ones = indices.filter((index) => (index >>> bit) & 1).length
      // 60 fair coins: outside 10..50 is less likely than 1 in 10^7.
      expect(ones, `bit ${bit}`).toBeGreaterThan(9)
      expect(ones, `bit ${bit}`).toBeLessThan(51)
    }
    const steps = indices.slice(1).map((index, i) => Math.abs(index - (indices[i] ?? 0)))
    expect(Math.min(...steps)).toBeGreaterThan(64)
  })

  it('does not send data before the initiator has proved itself, and then what waited', async () => {
    const peer = await lab.addPeer({ known: false })
    const session = await peer.handshake()
    lab.pingOut(peer)
    expect(await peer.nextTransport(session, quietMs)).toBeUndefined()
    peer.send(session.seal(Buffer.alloc(0)))
    const data = await peer.nextTransport(session, 2_000, (plain) => plain.length > 0)
    expect(data?.plain.subarray(16, 20)).toEqual(addressBytes(peer.inner.own))
  })

  it('counts bytes and reports the handshake only when it is complete', async () => {
    const peer = await lab.addPeer()
    const key = publicText(peer)
    const session = await peer.handshake()
    expect(lab.daemon.transfer(key)).toEqual({ received: 148, sent: 92 })
    expect(lab.daemon.showPeer('latest-handshakes', key)).toBe('0')
    peer.send(session.seal(Buffer.alloc(0)))
    await until('the handshake to be complete', () => lab.daemon.transfer(key).received === 180)
    expect(Number(lab.daemon.showPeer('latest-handshakes', key))).toBeGreaterThan(Date.now() / 1000 - 60)
    expect(await peer.ping(session)).toBe(true)
    expect(lab.daemon.transfer(key)).toEqual({ received: 180 + 128, sent: 92 + 128 })
  })

  it('keeps the session when a late initiation is not followed up', async () => {
    const peer = await lab.addPeer()
    const first = await peer.handshake()
    expect(await peer.ping(first)).toBe(true)
    await floodPause()
    await peer.handshake()
    expect(await peer.ping(first)).toBe(true)
  })

  it('takes part as responder and as initiator at once', async () => {
    const peer = await lab.addPeer({ known: true })
    lab.pingOut(peer, '-W', '5')
    const theirs = await peer.nextInitiation(5_000)
    expect(theirs).toBeDefined()
    const mine = await peer.handshake()
    expect(await peer.ping(mine)).toBe(true)
    const late = theirs?.read.respond()
    peer.send(late?.message as Buffer)
    // Its own initiation ended with our confirmed session (one handshake slot): the late response finds nothing.
    expect(await peer.nextTransport(late?.session as Session, quietMs)).toBeUndefined()
    expect(await peer.ping(mine)).toBe(true)
  })

  it.each([
    ['greater', 'keeps its own initiation as well, so that one of two answers is taken', 1],
    ['smaller', 'leaves it to the other side to keep one', -1],
  ])('with the %s key of two whose initiations cross it %s', async (_, __, order) => {
    let keys = makeKeys()
    while (Buffer.compare(lab.keys.publicKey, keys.publicKey) !== order) keys = makeKeys()
    const peer = await lab.addPeer({ known: true, keys })
    lab.pingOut(peer, '-W', '5')
    const theirs = await peer.nextInitiation(5_000)
    await peer.handshake()
    const answer = theirs?.read.respond()
    peer.send(answer?.message as Buffer)
    const waited = await peer.nextTransport(answer?.session as Session, order > 0 ? 5_000 : quietMs)
    expect(waited === undefined).toBe(order < 0)
  })
})
