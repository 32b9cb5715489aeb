// SPDX-License-Identifier: MIT
import { isWgqError } from '@wgq/model/error'
import { amd64 } from '@wgq/native/bsd/machine'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { changeOf, dumpOf, readVectors } from '../bsd/fixtures/vectors.ts'
import { memoryOf } from '../bsd/memory.ts'
import { changeToNvlist } from './device-change.ts'
import { deviceFromNvlist } from './device-reply.ts'
import { dataBlockOf, FreebsdDevices } from './devices.ts'
import { FreebsdKernelTwin } from './kernel-twin.ts'
import type { NvList, NvValue } from './nvlist.ts'
import { packNvlist } from './nvlist-pack.ts'
import { unpackNvlist } from './nvlist-unpack.ts'

const vectors = readVectors('freebsd-nvlist.json')
const machine = amd64('freebsd')
const memory = memoryOf(machine)
const data = dataBlockOf(machine)
const hex = (text: string) => Buffer.from(text, 'hex')
const loopbackIndex = (name: string) => (name === 'lo' ? 1 : undefined)

/** The tree as the vectors write it. */
const tree = (list: NvList): unknown[] =>
  list.map((pair) => ({
    name: pair.name,
    type: pair.type,
    value:
      pair.type === 'nvlist[]'
        ? pair.value.map(tree)
        : pair.type === 'binary'
          ? pair.value.toString('hex')
          : pair.type === 'number'
            ? String(pair.value)
            : pair.type === 'null'
              ? null
              : pair.value,
  }))

test('an endpoint of a family that nobody knows is not an endpoint, and a note', () => {
  const kernel = new FreebsdKernelTwin()
  const peer = kernel.create('wg0').peer(Buffer.alloc(32, 1), true)
  const odd = Buffer.alloc(16)
  odd[1] = 99
  const pairs: NvList = [
    { name: 'public-key', type: 'binary', value: peer?.publicKey ?? Buffer.alloc(32) },
    { name: 'endpoint', type: 'binary', value: odd },
  ]
  const device = deviceFromNvlist('wg0', [{ name: 'peers', type: 'nvlist[]', value: [pairs] }], memory)
  expect(device.peers[0]?.endpoint).toBeUndefined()
  expect(device.peers[0]?.note).toBe('the kernel has an endpoint of address family 99 (16 bytes)')
})

describe('set payloads', () => {
  for (const vector of vectors.set) {
    test(`${vector.name} decodes and packs back`, () => {
      const list = unpackNvlist(hex(vector.payload_hex))
      expect(tree(list)).toEqual(vector.decoded)
      expect(packNvlist(list).toString('hex')).toBe(vector.payload_hex)
    })
    // syncconf sends a difference that the caller computes; it is covered by the round trip above.
    if (vector.argv[1] === 'syncconf') continue
    test(`${vector.name}: the bytes of ${vector.argv.slice(0, 3).join(' ')}`, async () => {
      const calls: Buffer[] = []
      const devices = new FreebsdDevices(
        {
          ioctl: (request, argument, pointer) => {
            expect(request).toBe(Number(vector.request))
            expect(argument.length).toBe(32)
            expect(argument.toString('utf8', 0, 16)).toBe(vector.wgd_name.padEnd(16, '\0'))
            expect(argument.readBigUInt64LE(24)).toBe(BigInt(vector.wgd_size))
            expect(pointer?.offset).toBe(16)
            calls.push(Buffer.from(pointer?.block ?? []))
            return undefined
          },
        },
        loopbackIndex,
        machine,
      )
      await devices.change('wg0', changeOf(vector.argv, vector.stdin, vectors.keys))
      expect(calls.map((call) => call.toString('hex'))).toEqual([vector.payload_hex])
    })
  }
})

describe('get replies', () => {
  for (const vector of vectors.get) {
    test(`${vector.name}: what wg shows of it`, () => {
      const list = unpackNvlist(hex(vector.payload_hex))
      expect(tree(list)).toEqual(vector.decoded)
      expect(packNvlist(list).toString('hex')).toBe(vector.payload_hex)
      const dump = dumpOf(deviceFromNvlist('wg0', list, memory))
      expect(dump).toBe(vector.upstream.show_dump)
    })
  }
})

describe('what libnv accepts and refuses', () => {
  for (const vector of vectors.negative) {
    test(vector.name, () => {
      const unpack = () => unpackNvlist(hex(vector.payload_hex))
      if (vector.libnv_2026.startsWith('accept')) {
        const same = packNvlist(unpack()).toString('hex') === vector.payload_hex
        if (vector.libnv_2026.endsWith('identical') && vector.name !== 'array-datasize-10')
          expect(same).toBe(true)
      } else {
        expect(unpack).toThrow(expect.objectContaining({ code: 'E_DEVICE', errno: 'EPROTO' }))
      }
    })
  }
})

describe('sequences through the driver', () => {
  for (const sequence of vectors.sequences) {
    test(`${sequence.name}: ${sequence.description}`, async () => {
      const kernel = new FreebsdKernelTwin()
      const device = kernel.create('wg0')
      const devices = new FreebsdDevices(kernel, loopbackIndex, machine)
      for (const step of sequence.steps) {
        if (step.step === 'up') device.up()
        if (step.step === 'traffic') device.traffic()
        if (step.step === 'set') await devices.change('wg0', changeOf(step.argv, step.stdin, vectors.keys))
        if (step.step !== 'get') continue
        kernel.uid = step.uid
        const argument = Buffer.alloc(32)
        argument.write('wg0')
        argument.writeBigUInt64LE(BigInt(step.kernel.final_size), data.size)
        const block = Buffer.alloc(step.kernel.final_size)
        expect(kernel.ioctl(data.get, argument, { offset: data.pointer, block })).toBeUndefined()
        // Only the real driver has handshake nanoseconds; the twin has none.
        if (sequence.name !== 'read-as-user') expect(block.toString('hex')).toBe(step.payload_hex)
        expect(dumpOf(await devices.read('wg0'))).toBe(step.upstream.show_dump)
      }
    })
  }
})

describe('the driver says no', () => {
  const setup = () => {
    const kernel = new FreebsdKernelTwin()
    return {
      kernel,
      device: kernel.create('wg0'),
      devices: new FreebsdDevices(kernel, loopbackIndex, machine),
    }
  }

  test('unknown interface', async () => {
    const { devices } = setup()
    await expect(devices.read('wg7')).rejects.toMatchObject({ code: 'E_DEVICE', errno: 'ENXIO' })
  })

  test('without privilege', async () => {
    const { kernel, devices } = setup()
    kernel.uid = 1000
    await expect(devices.change('wg0', { listenPort: 1, peers: [] })).rejects.toMatchObject({
      errno: 'EPERM',
    })
  })

  test('a name of 16 bytes', async () => {
    const { devices } = setup()
    await expect(devices.read('a'.repeat(16))).rejects.toMatchObject({ errno: 'ENAMETOOLONG' })
  })

  test('no group is an empty list', async () => {
    const kernel = new FreebsdKernelTwin()
    expect(await new FreebsdDevices(kernel, loopbackIndex, machine).list()).toEqual([])
    kernel.create('wg0')
    kernel.create('office')
    expect(await new FreebsdDevices(kernel, loopbackIndex, machine).list()).toEqual(['wg0', 'office'])
  })

  test('a device that grows between probe and read is read again', async () => {
    const { kernel, device, devices } = setup()
    let calls = 0
    kernel.onCall = () => {
      if (calls++ < 6) device.peer(Buffer.alloc(32, calls), true)
    }
    expect((await devices.read('wg0')).peers.length).toBeGreaterThanOrEqual(6)
  })

  test('a removal is computed, because old kernels would add', async () => {
    const { devices } = setup()
    const publicKey = vectors.keys.peer1.pub
    const cidr = (address: string) => ({ family: 4, address, prefixLength: 24 }) as const
    await devices.change('wg0', { peers: [{ publicKey, allowedIps: ['10.0.0.0', '10.0.1.0'].map(cidr) }] })
    await devices.change('wg0', {
      peers: [{ publicKey, allowedIps: [{ ...cidr('10.0.0.9'), remove: true }, cidr('10.0.2.0')] }],
    })
    const [peer] = (await devices.read('wg0')).peers
    expect(peer?.allowedIps.map((each) => each.address)).toEqual(['10.0.2.0', '10.0.1.0'])
  })

  test('update-only leaves an unknown peer out', async () => {
    const { devices } = setup()
    await devices.change('wg0', { peers: [{ publicKey: vectors.keys.peer1.pub, updateOnly: true }] })
    expect((await devices.read('wg0')).peers).toEqual([])
  })
})

const scalar: fc.Arbitrary<NvValue> = fc.oneof(
  fc.constant<NvValue>({ type: 'null' }),
  fc.boolean().map((value): NvValue => ({ type: 'bool', value })),
  fc.bigInt(0n, (1n << 64n) - 1n).map((value): NvValue => ({ type: 'number', value })),
  fc.string().map((text): NvValue => ({ type: 'string', value: text.replaceAll('\0', '') })),
  fc.uint8Array({ minLength: 1 }).map((bytes): NvValue => ({ type: 'binary', value: Buffer.from(bytes) })),
  fc.array(fc.boolean(), { minLength: 1 }).map((value): NvValue => ({ type: 'bool[]', value })),
  fc
    .array(fc.bigInt(0n, (1n << 64n) - 1n), { minLength: 1 })
    .map((value): NvValue => ({ type: 'number[]', value })),
)

const { list } = fc.letrec<{ list: NvList; value: NvValue }>((tie) => ({
  list: fc
    .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z-]{1,20}$/), tie('value')), {
      selector: ([name]) => name,
      maxLength: 5,
    })
    .map((pairs) => pairs.map(([name, value]) => ({ name, ...value }))),
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    tie('list').map((value): NvValue => ({ type: 'nvlist', value })),
    fc
      .array(tie('list'), { minLength: 1, maxLength: 3 })
      .map((value): NvValue => ({ type: 'nvlist[]', value })),
  ),
}))

describe('properties', () => {
  test('what is packed unpacks to the same list', () => {
    fc.assert(
      fc.property(list, (each) => {
        expect(unpackNvlist(packNvlist(each))).toEqual(each)
      }),
    )
  })

  test('mutated replies raise WgqError or decode, and never anything else', () => {
    const replies = [...vectors.get, ...vectors.set].map((vector) => hex(vector.payload_hex))
    const mutation = fc.record({
      reply: fc.constantFrom(...replies),
      cut: fc.nat({ max: 3000 }),
      edits: fc.array(fc.tuple(fc.nat({ max: 3000 }), fc.nat({ max: 255 })), { maxLength: 4 }),
    })
    fc.assert(
      fc.property(mutation, ({ reply, cut, edits }) => {
        const bytes = Buffer.from(reply.subarray(0, Math.max(0, reply.length - (cut % 40))))
        for (const [at, value] of edits) if (bytes.length > 0) bytes[at % bytes.length] = value
        try {
          deviceFromNvlist('wg0', unpackNvlist(bytes), memory)
        } catch (error) {
          expect(isWgqError(error) && error.code).toBe('E_DEVICE')
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('random bytes raise WgqError', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        try {
          unpackNvlist(Buffer.from(bytes))
        } catch (error) {
          expect(isWgqError(error)).toBe(true)
        }
      }),
    )
  })
})

test('the order of pairs in a reply is free', () => {
  const shuffled = [
    ...changeToNvlist({ listenPort: 7, fwmark: 9, peers: [] }, loopbackIndex, memory),
  ].reverse()
  expect(deviceFromNvlist('wg0', shuffled, memory)).toMatchObject({ listenPort: 7, fwmark: 9 })
  expect(data.set).toBe(0xc02069d2)
})
