// SPDX-License-Identifier: MIT
import { type Key, keyFromBytes, zeroKey } from '@wgq/model/key'
import { refuseRandom } from '@wgq/native/testing'
import { afterEach, describe, expect, test } from 'vitest'
import primitives from '../../../native/src/fixtures/primitives.json' with { type: 'json' }
import { MemoryHost, pass, randomKey } from '../twin/memory-host.ts'
import { MemoryNetwork } from '../twin/memory-network.ts'

/** Two devices that know each other; only A knows where B is. */
const pair = (options: { presharedKey?: ReturnType<typeof randomKey> } = {}) => {
  const network = new MemoryNetwork()
  const a = new MemoryHost(network, '192.0.2.1:1').start()
  const b = new MemoryHost(network, '192.0.2.2:2').start()
  a.setPeer(b.publicKey, { endpoint: b.address, ...options })
  b.setPeer(a.publicKey, options)
  return { network, a, b, hosts: [a, b], go: (ms = 0) => pass(network, [a, b], ms) }
}

/** Indices of handshakes and sessions that a host holds. */
const indices = (host: MemoryHost): number => host.engine.counters()['indices'] ?? -1

const route = (line: string) => line.replaceAll('192.0.2.1:1', 'A').replaceAll('192.0.2.2:2', 'B')

afterEach(() => refuseRandom(false))

describe('session', () => {
  test.each([
    ['without', {}],
    ['with', { presharedKey: randomKey() }],
  ])('is made %s a preshared key by the first packet, and carries packets both ways', (_, options) => {
    const { network, a, b, go } = pair(options)
    a.send(b.publicKey, 'one')
    a.send(b.publicKey, 'two')
    go()
    b.send(a.publicKey, 'three')
    go()
    expect(b.received).toEqual(['one', 'two'])
    expect(a.received).toEqual(['three'])
    expect(network.log.map(route)).toEqual([
      'A>B initiation',
      'B>A response',
      'A>B data',
      'A>B data',
      'B>A data',
    ])
    expect(b.peer(a.publicKey).lastHandshakeNs).toBeGreaterThan(0n)
    expect(a.engine.peerState(a.peer(b.publicKey).handle)).toMatchObject({
      rxBytes: 92n + 37n,
      txBytes: 148n + 70n,
    })
  })

  test('nothing staged: one keepalive confirms it; the responder counts as complete only then', () => {
    const { network, a, b, hosts } = pair()
    network.lose = (_from, _to, datagram) => datagram.kind === 'transport'
    a.setPeer(b.publicKey, { keepaliveSeconds: 25 })
    pass(network, hosts)
    expect(network.log.map(route)).toEqual(['A>B initiation', 'B>A response', 'A>B keepalive'])
    expect(b.peer(a.publicKey).lastHandshakeNs).toBe(0n)
    network.lose = () => false
    pass(network, hosts, 25_000)
    expect(b.peer(a.publicKey).lastHandshakeNs).toBeGreaterThan(0n)
  })

  test('a different preshared key makes none', () => {
    const { network, a, b, go } = pair()
    b.setPeer(a.publicKey, { presharedKey: randomKey() })
    a.send(b.publicKey, 'one')
    go(6_000)
    expect(b.received).toEqual([])
    expect(network.log.filter((line) => line.endsWith('initiation'))).toHaveLength(2)
  })

  test('the initiator renews it after 120 s when it sends, and sends meanwhile', () => {
    const { network, a, b, go } = pair()
    a.send(b.publicKey, 'one')
    go(121_000)
    network.log.length = 0
    a.send(b.publicKey, 'two')
    go()
    expect(network.log.map(route)).toEqual(['A>B data', 'A>B initiation', 'B>A response', 'A>B keepalive'])
    expect(b.received).toEqual(['one', 'two'])
  })

  test('initiations that cross end with one usable session at once, whoever has the greater key', () => {
    for (let round = 0; round < 8; round++) {
      const { network, a, b, go } = pair()
      b.setPeer(a.publicKey, { endpoint: a.address })
      a.send(b.publicKey, 'from a')
      b.send(a.publicKey, 'from b')
      go()
      expect([b.received, a.received]).toEqual([['from a'], ['from b']])
      expect(network.log.filter((line) => line.endsWith('initiation'))).toHaveLength(2)
      // One side alone renews the session.
      go(121_000)
      network.log.length = 0
      a.send(b.publicKey, 'later')
      b.send(a.publicKey, 'later')
      go()
      expect(network.log.filter((line) => line.endsWith('initiation'))).toHaveLength(1)
      expect([b.received.at(-1), a.received.at(-1)]).toEqual(['later', 'later'])
    }
  })

  /** B knows A, and C and where that is. What A and C send to B waits for `deliver`. */
  const crossroads = () => {
    const network = new MemoryNetwork()
    const [a, b, c] = [1, 2, 3].map((n) => new MemoryHost(network, `192.0.2.${n}:${n}`).start()) as [
      MemoryHost,
      MemoryHost,
      MemoryHost,
    ]
    a.setPeer(b.publicKey, { endpoint: b.address })
    c.setPeer(b.publicKey)
    b.setPeer(a.publicKey)
    b.setPeer(c.publicKey, { endpoint: c.address })
    const waiting: [from: string, message: Buffer][] = []
    network.lose = (from, to, datagram) => {
      if (to !== b.address || datagram.kind !== 'handshake') return false
      waiting.push([from, datagram.message])
      return true
    }
    const deliver = (times: number) => {
      network.lose = () => false
      for (const [from, message] of waiting.splice(0))
        for (let i = 0; i < times; i++)
          b.engine.receive(from, { kind: 'handshake', message: Buffer.from(message) })
    }
    return { network, a, b, c, deliver, go: () => pass(network, [a, b, c]) }
  }

  test('an initiation and a response of one turn, each three times, make one session each', () => {
    const { network, a, b, c, deliver, go } = crossroads()
    a.send(b.publicKey, 'from a')
    b.send(c.publicKey, 'from b')
    go()
    network.log.length = 0
    deliver(3)
    go()
    expect([b.received, c.received]).toEqual([['from a'], ['from b']])
    expect(network.log.filter((line) => line.endsWith('response'))).toHaveLength(1)
    expect(b.device.handshakes.counters).toMatchObject({ handshakes_completed: 2, initiations_replayed: 2 })
    expect(indices(b)).toBe(2)
  })

  test('an initiation whose answer fails inside costs the response of the same turn nothing', () => {
    const { a, b, c, deliver, go } = crossroads()
    b.send(c.publicKey, 'from b')
    a.send(b.publicKey, 'from a')
    go()
    // The initiation first.
    deliver(1)
    refuseRandom(true)
    b.run()
    refuseRandom(false)
    go()
    expect(b.lines).toContainEqual(expect.stringContaining('internal error on a handshake message'))
    expect(c.received).toEqual(['from b'])
  })

  test('540 s of silence leave no index behind', () => {
    const { a, b, go } = pair()
    a.send(b.publicKey, 'one')
    go()
    expect(indices(a)).toBe(1)
    go(1_000_000)
    expect([indices(a), indices(b)]).toEqual([0, 0])
    expect([a.wakeAt, b.wakeAt]).toEqual([undefined, undefined])
  })

  test('a hundred handshakes keep at most three indices a side', () => {
    const { a, b, go } = pair()
    for (let i = 0; i < 100; i++) {
      a.send(b.publicKey, `${i}`)
      go(121_000)
    }
    expect(b.received).toHaveLength(100)
    expect(indices(a)).toBeLessThanOrEqual(3)
    expect(indices(b)).toBeLessThanOrEqual(3)
  })
})

describe('a peer that does not answer', () => {
  const silentSeconds = (
    host: ReturnType<typeof pair>['a'],
    key: ReturnType<typeof pair>['a']['publicKey'],
  ) => Math.floor(host.device.silentMs(host.peer(key)) / 1000)

  test('is silent since the first packet, or since the first initiation where there is no key', () => {
    const { network, a, b, go } = pair()
    a.send(b.publicKey, 'one')
    go(11_000)
    expect(silentSeconds(a, b.publicKey)).toBe(0)
    network.lose = () => true
    go(20_000)
    a.send(b.publicKey, 'two')
    go(30_000)
    expect(silentSeconds(a, b.publicKey)).toBe(30)
    network.lose = () => false
    a.send(b.publicKey, 'three')
    go(20_000)
    expect(silentSeconds(a, b.publicKey)).toBe(0)
    // The session ends while nothing is sent; then only an initiation can go out.
    go(200_000)
    network.lose = () => true
    a.send(b.publicKey, 'four')
    go(12_000)
    expect(silentSeconds(a, b.publicKey)).toBe(12)
  })

  test('is reported whenever something goes out that it owes an answer to', () => {
    const { network, a, b, go } = pair()
    const questions: number[] = []
    const start = network.nowMs
    Object.assign(a.device.dependencies, {
      onQuestion: () => questions.push(Math.floor((network.nowMs - start) / 1000)),
    })
    network.lose = () => true
    a.send(b.publicKey, 'one')
    go(12_000)
    expect(questions).toEqual([0, 5, 10])
  })
})

describe('handshake messages', () => {
  test('a replayed initiation is not answered', () => {
    const { network, a, b, go } = pair()
    let kept: Buffer | undefined
    network.lose = (_from, _to, datagram) => {
      if (datagram.kind === 'handshake' && datagram.message[0] === 1) kept = datagram.message
      return false
    }
    a.send(b.publicKey, 'one')
    go(1_000)
    network.log.length = 0
    network.send(a.address, b.address, { kind: 'handshake', message: kept as Buffer })
    go()
    expect(network.log.map(route)).toEqual(['A>B initiation'])
    expect(b.configuration.counters()).toMatchObject({ initiations_replayed: 1, handshakes_completed: 1 })
    expect(b.lines.filter((line) => line.startsWith('notice'))).toEqual([])
  })

  test('a clock that goes back three hours costs no handshake: the last timestamp is remembered', () => {
    const { a, b, go } = pair()
    a.send(b.publicKey, 'one')
    go(1_000)
    a.clockNs -= 10_800_000_000_000n
    // The session has expired by then.
    go(200_000)
    for (const text of ['two', 'three']) {
      a.send(b.publicKey, text)
      go(200_000)
    }
    expect(b.received).toEqual(['one', 'two', 'three'])
    expect(b.configuration.counters()).toMatchObject({ initiations_replayed: 0, handshakes_completed: 3 })
  })

  test('a peer that starts again after its clock went back is refused, with one hint a minute', () => {
    const { network, a, b, go } = pair()
    a.send(b.publicKey, 'one')
    go(121_000)
    a.clockNs -= 3_600_000_000_000n
    a.peer(b.publicKey).lastSentNs = 0n
    network.log.length = 0
    a.send(b.publicKey, 'two')
    go(30_000)
    expect(b.received).toEqual(['one', 'two'])
    expect(network.log.filter((line) => line.endsWith('initiation')).length).toBeGreaterThan(3)
    expect(network.log.some((line) => line.endsWith('response'))).toBe(false)
    const hints = b.lines.filter((line) => line.startsWith('notice'))
    expect(hints).toHaveLength(1)
    expect(hints[0]).toMatch(/34[0-9]{2} s older/)
  })

  test('a clock beyond every date is reported, and the hint about it says how far the peer is behind', () => {
    const { a, b, go } = pair()
    const away = 2n ** 63n
    a.clockNs += away * 1_000_000_000n
    a.send(b.publicKey, 'one')
    go(121_000)
    expect([...b.configuration.health()][0]?.clockAheadSeconds).toBeGreaterThan(Number(away) / 2)
    a.clockNs = 0n
    a.peer(b.publicKey).lastSentNs = 0n
    a.send(b.publicKey, 'two')
    go(30_000)
    expect(b.lines.filter((line) => line.startsWith('notice'))).toEqual([
      expect.stringMatching(/its timestamp is 92[0-9]{17} s older/),
    ])
  })

  test('random messages of every type change nothing', () => {
    const { network, a, b, go } = pair()
    let seed = 12345
    const random = () => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff
      return seed & 0xff
    }
    for (let i = 0; i < 300; i++) {
      const length = [148, 92, 64][i % 3] as number
      const message = Buffer.from(Array.from({ length }, random))
      message.writeUInt32LE((i % 3) + 1, 0)
      if (i % 3 === 1) message.writeUInt32LE(0x1000, 8)
      network.send(a.address, b.address, { kind: 'handshake', message })
    }
    go()
    expect(indices(b)).toBe(0)
    a.send(b.publicKey, 'one')
    go()
    expect(b.received).toEqual(['one'])
  })

  test('the source of a handshake becomes the endpoint', () => {
    const { a, b, go } = pair()
    a.send(b.publicKey, 'one')
    go()
    const [peer] = [...b.configuration.read().peers]
    expect(peer?.endpoint).toEqual({ family: 4, address: '192.0.2.1', port: 1 })
  })
})

describe('configuration', () => {
  test('the same private key again leaves sessions alone, a new one makes new handshakes at once', () => {
    const { network, a, b, go } = pair()
    a.send(b.publicKey, 'one')
    go(1_000)
    network.log.length = 0
    const same = a.device.identity?.privateText
    if (same) a.configuration.setPrivateKey(same)
    a.send(b.publicKey, 'two')
    go()
    expect(network.log.map(route)).toEqual(['A>B data'])
    a.configuration.setPrivateKey(randomKey())
    b.setPeer(a.publicKey)
    network.log.length = 0
    a.send(b.publicKey, 'three')
    go(500)
    expect(network.log.map(route)).toEqual(['A>B initiation', 'B>A response', 'A>B data'])
  })

  test('own public key: never a peer, and removed when it becomes the own one', () => {
    const { a, b } = pair()
    expect(a.configuration.addPeer(a.publicKey)).toBeUndefined()
    const secret = b.device.identity?.privateText
    if (secret) a.configuration.setPrivateKey(secret)
    expect(a.device.peers.size).toBe(0)
    expect(a.engine.handles).toEqual([])
  })

  test('without a private key nothing is sent or answered', () => {
    const { network, a, b, go } = pair()
    a.send(b.publicKey, 'one')
    b.configuration.setPrivateKey(zeroKey)
    b.setPeer(a.publicKey, { endpoint: a.address, keepaliveSeconds: 1 })
    go(4_000)
    expect(network.log.map(route)).toEqual(['A>B initiation'])
  })

  test.each(primitives.low_order_points_base64)('a low-order peer %s gets no packet', (point) => {
    const { network, a, go } = pair()
    a.setPeer(keyFromBytes(Buffer.from(point, 'base64')), { endpoint: '192.0.2.9:9', keepaliveSeconds: 1 })
    go(10_000)
    expect(network.log).toEqual([])
  })

  test('a private key is shown clamped', () => {
    const { a } = pair()
    a.configuration.setPrivateKey(keyFromBytes(Buffer.alloc(32, 0xff)))
    const bytes = Buffer.from(a.configuration.read().privateKey ?? '', 'base64')
    expect([bytes[0], bytes[31]]).toEqual([0xf8, 0x7f])
  })

  test('a prefix moves to whoever got it last, host bits cleared, exact removal by its owner alone', () => {
    const { a, b } = pair()
    const other = randomKey()
    a.setPeer(b.publicKey, { allowedIps: ['10.1.2.3/8', '10.0.0.0/24', 'fd00::1/64'] })
    a.setPeer(other, { allowedIps: ['10.9.9.9/8'] })
    expect(a.allowedIps(b.publicKey)).toEqual(['10.0.0.0/24', 'fd00::/64'])
    expect(a.allowedIps(other)).toEqual(['10.0.0.0/8'])
    const control = a.configuration.peer(b.publicKey)
    control?.removeAllowedIp({ family: 4, address: '10.0.0.0', prefixLength: 8 })
    control?.removeAllowedIp({ family: 4, address: '10.0.0.77', prefixLength: 24 })
    a.configuration.commit()
    expect(a.allowedIps(b.publicKey)).toEqual(['fd00::/64'])
    expect([...a.engine.prefixes.keys()].sort()).toEqual(['10.0.0.0/8', 'fd00::/64'])
    a.configuration.peer(other)?.remove()
    expect([...a.engine.prefixes.keys()]).toEqual(['fd00::/64'])
  })

  test('handshakes with the first peers of a request are prepared, so that the reply to many is not late', () => {
    const { a } = pair()
    const prepared: number[] = []
    a.engine.prepareHandshake = (peer) => void prepared.push(peer)
    const keys = Array.from({ length: 40 }, randomKey)
    for (const key of keys) a.configuration.addPeer(key)?.configured()
    a.configuration.commit()
    expect(prepared).toEqual(keys.slice(0, 16).map((key) => a.peer(key).handle))
    prepared.length = 0
    a.setPeer(keys[39] as Key)
    expect(prepared).toEqual([a.peer(keys[39] as Key).handle])
  })

  test('a removed peer leaves no timer, index or prefix', () => {
    const { network, a, b, go } = pair()
    a.setPeer(b.publicKey, { keepaliveSeconds: 1, allowedIps: ['10.0.0.0/8'] })
    go(1_500)
    a.configuration.removePeers()
    network.log.length = 0
    go(300_000)
    expect(network.log.filter((line) => line.startsWith(a.address))).toEqual([])
    expect([indices(a), a.device.allowedIps.size, a.wakeAt]).toEqual([0, 0, undefined])
  })

  test('peers are listed in the order they were added', () => {
    const { a, b } = pair()
    const keys = [b.publicKey, ...Array.from({ length: 20 }, randomKey)]
    for (const key of keys) a.setPeer(key)
    expect([...a.configuration.read().peers].map((peer) => peer.publicKey)).toEqual(keys)
  })
})

test('counters have names as the protocol writes them', () => {
  const { a } = pair()
  expect(a.configuration.counters()).toMatchObject({
    bad_mac1: 0,
    handshakes_completed: 0,
    peers: 1,
    indices: 0,
  })
})

describe('interface', () => {
  test('down forgets sessions, up starts anew; persistent keepalive starts by itself', () => {
    const { network, a, b, go } = pair()
    a.setPeer(b.publicKey, { keepaliveSeconds: 25 })
    go(1_000)
    a.device.down()
    expect(indices(a)).toBe(0)
    network.log.length = 0
    go(60_000)
    expect(network.log.filter((line) => line.startsWith(a.address))).toEqual([])
    a.device.up()
    go(500)
    expect(network.log.map(route)).toEqual(['A>B initiation', 'B>A response', 'A>B keepalive'])
  })

  test('a port that is taken: while up the old one stays, at the start another one is a second chance', () => {
    const network = new MemoryNetwork()
    const a = new MemoryHost(network, '192.0.2.1:1')
    a.engine.takenPorts.add(7)
    a.configuration.setListenPort(7)
    expect(() => a.device.up()).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }))
    expect(a.device.isUp).toBe(false)
    expect(() => a.configuration.setListenPort(7)).toThrow()
    a.configuration.setListenPort(8)
    expect([a.device.isUp, a.device.listenPort]).toEqual([true, 8])
    expect(() => a.configuration.setListenPort(7)).toThrow()
    expect([a.device.isUp, a.device.listenPort]).toEqual([true, 8])
    a.device.down()
    a.configuration.setListenPort(9)
    expect([a.device.isUp, a.device.listenPort]).toEqual([false, 9])
  })

  test('a port that changes under a handshake asks again, others are left alone', () => {
    const { network, a, b, go } = pair()
    network.lose = (_from, to) => to === a.address
    a.send(b.publicKey, 'one')
    go(100)
    network.lose = () => false
    a.configuration.setListenPort(9)
    go(100)
    expect(b.received).toEqual(['one'])
    network.log.length = 0
    a.configuration.setListenPort(10)
    go(100)
    expect(network.log).toEqual([])
  })

  test('closing zeroes what it held', () => {
    const { a, b, go } = pair({ presharedKey: randomKey() })
    a.send(b.publicKey, 'one')
    go()
    const { presharedKey } = a.peer(b.publicKey)
    a.device.close()
    expect(presharedKey?.every((byte) => byte === 0)).toBe(true)
    expect(indices(a)).toBe(0)
  })
})

test('ten thousand idle peers need no wake-up', () => {
  const network = new MemoryNetwork()
  const a = new MemoryHost(network, '192.0.2.1:1').start()
  for (let i = 0; i < 10_000; i++) {
    const key = Buffer.alloc(32)
    key.writeUInt32LE(i + 1)
    a.setPeer(keyFromBytes(key))
  }
  expect(a.wakeAt).toBeUndefined()
  expect(a.device.peers.size).toBe(10_000)
})

/** Records the ports that a host requests from now on. */
const portsOf = (host: MemoryHost): number[] => {
  const bound: number[] = []
  const bind = host.engine.bind.bind(host.engine)
  host.engine.bind = (port) => {
    bound.push(port)
    return bind(port)
  }
  return bound
}

describe('what surrounds a device', () => {
  test('a handshake that is given up takes another port, unless one was asked for', () => {
    for (const [fixed, ports] of [
      [false, [0, 0]],
      [true, [7777]],
    ] as const) {
      const network = new MemoryNetwork()
      const host = new MemoryHost(network, '192.0.2.1:1')
      const bound = portsOf(host)
      if (fixed) host.configuration.setListenPort(7777)
      host.start()
      const peer = randomKey()
      host.setPeer(peer, { endpoint: '192.0.2.9:9' })
      host.send(peer, 'nobody there')
      pass(network, [host], 120_000)
      expect(bound).toEqual(ports)
    }
  })

  test('a peer that stays away has ports changed more and more rarely, until a handshake is complete', () => {
    const network = new MemoryNetwork()
    const host = new MemoryHost(network, '192.0.2.1:1').start()
    const other = new MemoryHost(network, '192.0.2.2:2').start()
    const bound = portsOf(host)
    other.setPeer(host.publicKey)
    network.lose = () => true
    host.setPeer(other.publicKey, { endpoint: other.address, keepaliveSeconds: 25 })
    const givenUp = () => host.lines.filter((line) => line.includes('giving up')).length
    pass(network, [host, other], 3_600_000)
    expect(givenUp()).toBeGreaterThan(15)
    expect(bound).toHaveLength(Math.floor(Math.log2(givenUp())) + 1)

    network.lose = () => false
    pass(network, [host, other], 120_000)
    network.lose = () => true
    const [boundBefore, before] = [bound.length, givenUp()]
    while (givenUp() === before) pass(network, [host, other], 1_000)
    expect(bound).toHaveLength(boundBefore + 1)
  })

  test('a peer without an endpoint, to which nothing was sent, changes no port', () => {
    const network = new MemoryNetwork()
    const host = new MemoryHost(network, '192.0.2.1:1').start()
    const bound = portsOf(host)
    host.setPeer(randomKey(), { keepaliveSeconds: 25 })
    pass(network, [host], 300_000)
    expect(host.lines.some((line) => line.includes('giving up'))).toBe(true)
    expect(bound).toEqual([])
  })

  test('keys of a copied machine send nothing more; what comes with them is still taken', () => {
    const { network, a, b, go } = pair()
    a.send(b.publicKey, 'before')
    go()
    b.send(a.publicKey, 'answer')
    a.device.renewKeys()
    go()
    expect(a.received).toEqual(['answer'])
    network.log.length = 0
    a.send(b.publicKey, 'after')
    go(10_000)
    expect(network.log.map(route)[0]).toBe('A>B initiation')
    expect(b.received).toEqual(['before', 'after'])
  })

  test('a session of a copied machine that is confirmed late does not end the initiation of the next', () => {
    const { network, a, b, go } = pair()
    const held: Parameters<MemoryNetwork['send']>[] = []
    network.lose = (...datagram) => {
      const [from, , { kind }] = datagram
      const isHeld =
        from === a.address && (kind === 'transport' || network.log.at(-1)?.endsWith('response') === true)
      if (isHeld) held.push(datagram)
      return isHeld
    }
    a.send(b.publicKey, 'one')
    go()
    b.device.renewKeys()
    b.send(a.publicKey, 'late')
    // 40 ms after its answer the responder may initiate.
    go(50)
    network.lose = () => false
    expect(network.log.map(route)).toEqual([
      'A>B initiation',
      'B>A response',
      'A>B data',
      'B>A initiation',
      'A>B response',
    ])
    for (const datagram of held) {
      network.send(...datagram)
      go()
    }
    expect([b.received, a.received]).toEqual([['one'], ['late']])
  })
})
