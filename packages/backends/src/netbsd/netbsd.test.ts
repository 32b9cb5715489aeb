// SPDX-License-Identifier: MIT
import type { DeviceChange } from '@wgq/model/device'
import { isWgqError } from '@wgq/model/error'
import { type Key, zeroKey } from '@wgq/model/key'
import { amd64 } from '@wgq/native/bsd/machine'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { changeOf, readVectors } from '../bsd/fixtures/vectors.ts'
import { memoryOf } from '../bsd/memory.ts'
import { readReply } from './device-reply.ts'
import { driverArgument, driverBlockOf, NetbsdDevices } from './devices.ts'
import { NetbsdKernelTwin } from './kernel-twin.ts'
import { type Plist, printPlist } from './plist.ts'
import { parsePlist } from './plist-parser.ts'
import { addPeer, deletePeer, setListenPort, setPrivateKey } from './request.ts'

const machine = amd64('netbsd')
const memory = memoryOf(machine)
const vectors = readVectors('netbsd-plist.json')
const noIndex = () => undefined
const { peer1, peer2, peer3, device, psk1 } = vectors.keys

const peerOf = (words: string[]) => {
  const change = changeOf(['wg', 'set', 'wg0', 'peer', ...words], null, vectors.keys)
  return change.peers[0] as DeviceChange['peers'][number]
}

/** The requests of the vectors, built the way the backend builds them. */
const requests: Record<string, ReturnType<typeof setListenPort>> = {
  'set-private-key': setPrivateKey(device.priv),
  'set-listen-port': setListenPort(51820),
  'set-listen-port-small': setListenPort(7),
  'add-peer-bare': addPeer({ allowedIps: [], ...peerOf([peer3.pub]), name: 'p3' }, noIndex, memory),
  'add-peer-v4': addPeer(
    {
      allowedIps: [],
      ...peerOf([
        peer1.pub,
        'preshared-key',
        psk1,
        'endpoint',
        '192.0.2.1:51821',
        'allowed-ips',
        '10.0.0.0/24,192.0.2.128/25,fd00:1::/64',
      ]),
      name: 'p1',
    },
    noIndex,
    memory,
  ),
  'add-peer-name-escapes': addPeer(
    { allowedIps: [], ...peerOf([peer3.pub]), name: 'a<b>&c' },
    noIndex,
    memory,
  ),
  'delete-peer': deletePeer('p1'),
}

describe('set property lists', () => {
  for (const vector of vectors.set) {
    test(vector.name, () => {
      const request = requests[vector.name]
      if (!request) throw new Error('no request for this vector')
      expect(printPlist(request.plist)).toBe(vector.plist)
      expect(request.command).toBe(vector.ifd_cmd)
      const argument = driverArgument(
        'wg0',
        request.command,
        Buffer.byteLength(vector.plist),
        driverBlockOf(machine),
      )
      expect(argument.toString('hex')).toBe(vector.ifdrv_hex_pointer_zeroed)
      expect(printPlist(parsePlist(vector.plist))).toBe(vector.plist)
    })
  }
})

describe('get replies', () => {
  for (const vector of vectors.get) {
    test(`${vector.name} parses and prints back`, () => {
      expect(printPlist(parsePlist(vector.plist))).toBe(vector.plist)
      expect(Buffer.byteLength(vector.plist) + 1).toBe(vector.reply_bytes_with_nul)
    })
  }

  test('three peers', () => {
    const vector = vectors.get.find((each: { name: string }) => each.name === 'get-three-peers-user')
    const reply = readReply(parsePlist(vector.plist), memory)
    expect(reply.listenPort).toBe(51820)
    expect(reply.peers.map((peer) => peer.name)).toEqual(['p3', 'p2', 'p1'])
    expect(reply.peers[1]?.endpoint).toEqual({ family: 6, address: '2001:db8::2', port: 51822 })
    expect(reply.peers[2]).toMatchObject({
      publicKey: peer1.pub,
      endpoint: { family: 4, address: '192.0.2.1', port: 51821 },
      lastHandshake: { seconds: 1700000000n, nanoseconds: 123456789 },
      allowedIps: [
        { family: 4, address: '10.0.0.0', prefixLength: 24 },
        { family: 4, address: '192.0.2.128', prefixLength: 25 },
        { family: 6, address: 'fd00:1::', prefixLength: 64 },
      ],
    })
  })

  test('zero private key is none; a peer may lack a name', () => {
    const vector = vectors.get.find((each: { name: string }) => each.name === 'get-unnamed-peer')
    const reply = readReply(parsePlist(vector.plist), memory)
    expect(reply.privateKey).toBeUndefined()
    expect(reply.peers[0]?.name).toBeUndefined()
  })
})

const setup = () => {
  const kernel = new NetbsdKernelTwin()
  const wg0 = kernel.create('wg0')
  const warnings: string[] = []
  const calls: number[] = []
  const devices = new NetbsdDevices({
    machine,
    port: {
      ioctl: (request, argument, pointer) => {
        if (request === 0x8028697b) calls.push(Number(argument.readBigUInt64LE(16)))
        return kernel.ioctl(request, argument, pointer)
      },
    },
    runner: { run: async () => ({ status: 0, stdout: 'lo0 wm0 wg0 wg12 wgx\n', stderr: '' }) },
    interfaceIndex: noIndex,
    publicKeyOf: () => device.pub,
    warn: (sentence) => warnings.push(sentence),
  })
  const change = (words: string[]) =>
    devices.change('wg0', changeOf(['wg', 'set', 'wg0', ...words], null, vectors.keys))
  return { kernel, wg0, warnings, calls, devices, change }
}

describe('changes as single calls', () => {
  test('key, port and peers in the order of the request', async () => {
    const { devices, change, calls, warnings } = setup()
    await change([
      ...['private-key', device.priv, 'listen-port', '51820'],
      ...['peer', peer1.pub, 'allowed-ips', '10.0.0.77/24', 'peer', peer2.pub, 'peer', peer3.pub],
    ])
    const read = await devices.read('wg0')
    expect(read).toMatchObject({ privateKey: device.priv, publicKey: device.pub, listenPort: 51820 })
    expect(read.peers.map((peer) => peer.publicKey)).toEqual([peer1.pub, peer2.pub, peer3.pub])
    expect(read.peers[0]?.allowedIps).toEqual([{ family: 4, address: '10.0.0.0', prefixLength: 24 }])
    expect(calls).toEqual([1, 2, 4, 4, 4])
    expect(warnings).toEqual([])
    // Repeating it changes nothing, so no call is made and no session is lost.
    await change(['listen-port', '51820', 'peer', peer1.pub, 'allowed-ips', '10.0.0.0/24'])
    expect(calls).toHaveLength(5)
  })

  test('a changed peer keeps its name and warns about its session', async () => {
    const { change, wg0, calls, warnings } = setup()
    await change(['peer', peer1.pub])
    const name = wg0.peers[0]?.name
    expect(name).toBe(peer1.pub.slice(0, 16))
    await change(['peer', peer1.pub, 'endpoint', '192.0.2.1:1'])
    expect(calls).toEqual([4, 8, 4])
    expect(wg0.peers[0]?.name).toBe(name)
    expect(warnings).toEqual([`Peer ${peer1.pub}: NetBSD adds a changed peer anew; its session is lost`])
  })

  test('an allowed ip moves although the kernel would say EEXIST', async () => {
    const { change, devices } = setup()
    await change(['peer', peer1.pub, 'allowed-ips', '10.0.0.0/24,10.0.1.0/24'])
    await change(['peer', peer2.pub, 'allowed-ips', '10.0.1.0/24'])
    const { peers } = await devices.read('wg0')
    expect(
      Object.fromEntries(peers.map((peer) => [peer.publicKey, peer.allowedIps.map((c) => c.address)])),
    ).toEqual({
      [peer1.pub]: ['10.0.0.0'],
      [peer2.pub]: ['10.0.1.0'],
    })
  })

  test('the 17th allowed ip is refused before anything happens', async () => {
    const { change, calls } = setup()
    const cidrs = Array.from({ length: 17 }, (_, i) => `10.0.${i}.0/24`)
    await expect(change(['peer', peer1.pub, 'allowed-ips', cidrs.join(',')])).rejects.toMatchObject({
      errno: 'E2BIG',
    })
    expect(calls).toEqual([])
  })

  test('replace, remove and a peer without a name', async () => {
    const { change, devices, kernel, calls, wg0 } = setup()
    await change(['peer', peer1.pub, 'peer', peer2.pub])
    await change(['peer', peer1.pub, 'remove', 'peer', peer3.pub, 'remove'])
    expect((await devices.read('wg0')).peers.map((peer) => peer.publicKey)).toEqual([peer2.pub])
    await devices.change('wg0', { privateKey: zeroKey, listenPort: 0, replacePeers: true, peers: [] })
    expect(wg0.peers).toEqual([])
    expect(calls).toEqual([4, 4, 8, 8])
    wg0.peers.push({
      publicKey: peer1.pub as Key,
      allowedIps: [],
      lastHandshake: { seconds: 0n, nanoseconds: 0 },
    })
    await expect(change(['peer', peer1.pub, 'remove'])).rejects.toMatchObject({ errno: 'ENOENT' })
    kernel.uid = 1000
    await expect(change(['peer', peer2.pub])).rejects.toMatchObject({ errno: 'EPERM' })
  })

  test('what the kernel cannot do is said', async () => {
    const { change, warnings } = setup()
    await change(['fwmark', '7', 'peer', peer1.pub, 'persistent-keepalive', '25'])
    expect(warnings).toEqual([
      'NetBSD has no FwMark; it is ignored',
      `Peer ${peer1.pub}: NetBSD has no PersistentKeepalive; it is ignored`,
    ])
  })

  test('a second port is refused by the kernel', async () => {
    const { change } = setup()
    await change(['listen-port', '1'])
    await expect(change(['listen-port', '2'])).rejects.toMatchObject({ code: 'E_DEVICE', errno: 'EINVAL' })
  })

  test('more peers than the first block holds', async () => {
    const { devices } = setup()
    const peers = Array.from({ length: 400 }, (_, i) => ({
      publicKey: Buffer.alloc(32, 1)
        .fill(i, 0, 4)
        .fill(i >> 8, 4, 6)
        .toString('base64') as Key,
    }))
    await devices.change('wg0', { peers: peers.map((peer) => ({ ...peer })) })
    expect((await devices.read('wg0')).peers).toHaveLength(400)
    expect(await devices.list()).toEqual(['wg0', 'wg12'])
  })
})

const { value } = fc.letrec<{ value: Plist }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string().map((text): Plist => ({ type: 'string', text })),
    fc.uint8Array().map((bytes): Plist => ({ type: 'data', bytes: Buffer.from(bytes) })),
    fc.bigInt(0n, (1n << 64n) - 1n).map((each): Plist => ({ type: 'integer', value: each, signed: false })),
    fc
      .bigInt(-(1n << 63n), (1n << 63n) - 1n)
      .map((each): Plist => ({ type: 'integer', value: each, signed: true })),
    fc.boolean().map((each): Plist => ({ type: 'bool', value: each })),
    fc.array(tie('value'), { maxLength: 4 }).map((items): Plist => ({ type: 'array', items })),
    fc
      .array(fc.tuple(fc.string(), tie('value')), { maxLength: 4 })
      .map((entries): Plist => ({ type: 'dict', entries: new Map(entries) })),
  ),
}))

describe('properties', () => {
  test('what is printed parses to the same value', () => {
    fc.assert(
      fc.property(value, (each) => {
        expect(parsePlist(printPlist(each))).toEqual(each)
      }),
    )
  })

  test('mutated and cut replies raise WgqError or decode, and never anything else', () => {
    const texts = vectors.get.map((vector: { plist: string }) => vector.plist) as string[]
    const mutation = fc.record({
      text: fc.constantFrom(...texts),
      keep: fc.nat({ max: 3000 }),
      at: fc.nat({ max: 3000 }),
      insert: fc.string({ maxLength: 6 }),
    })
    fc.assert(
      fc.property(mutation, ({ text, keep, at, insert }) => {
        const cut = keep > 500 ? text : text.slice(0, keep)
        const place = at % (cut.length + 1)
        try {
          readReply(parsePlist(cut.slice(0, place) + insert + cut.slice(place + insert.length)), memory)
        } catch (error) {
          expect(isWgqError(error) && error.code).toBe('E_DEVICE')
        }
      }),
      { numRuns: 1000 },
    )
  })
})
