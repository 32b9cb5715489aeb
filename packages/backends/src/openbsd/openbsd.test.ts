// SPDX-License-Identifier: MIT
import { isWgqError } from '@wgq/model/error'
import { amd64 } from '@wgq/native/bsd/machine'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { changeOf, dumpOf, readVectors } from '../bsd/fixtures/vectors.ts'
import { encodeChange } from './device-change.ts'
import { decodeDevice } from './device-reply.ts'
import { OpenbsdDevices } from './devices.ts'
import { OpenbsdKernelTwin } from './kernel-twin.ts'
import { abiOf, recordsOf } from './layout.ts'

const vectors = readVectors('openbsd-wgdataio.json')
const machine = amd64('openbsd')
const records73 = recordsOf(machine, '7.3')
const records74 = recordsOf(machine, '7.4')
const { data, requests } = records74
const layouts = { '7.3': records73, '7.4': records74 }
const hex = (text: string) => Buffer.from(text, 'hex')
const loopbackIndex = (name: string) => (name === 'lo' ? 1 : undefined)
const publicKey = vectors.keys.peer1.pub

for (const [release, layout] of Object.entries(layouts)) {
  describe(`set payloads, layout ${release}`, () => {
    for (const vector of vectors.set) {
      const expected = vector[release]
      if (expected.exit !== 0 || vector.argv[1] === 'syncconf') continue
      test(vector.name, () => {
        const change = changeOf(vector.argv, vector.stdin, vectors.keys)
        const payload = encodeChange(change, layout, loopbackIndex)
        expect(payload.toString('hex')).toBe(expected.payload_hex)
        expect(payload.length).toBe(expected.wgd_size)
      })
    }

    test('the argument block', async () => {
      const vector = vectors.set.find((each: { name: string }) => each.name === 'set-three-peers')
      const calls: unknown[] = []
      const devices = new OpenbsdDevices(
        {
          ioctl: (request, argument, pointer) => {
            calls.push([request, argument.toString('hex'), pointer?.offset, pointer?.block.toString('hex')])
            return undefined
          },
        },
        release,
        loopbackIndex,
        machine,
      )
      await devices.change('wg0', changeOf(vector.argv, vector.stdin, vectors.keys))
      const argument = Buffer.alloc(32)
      argument.write(vector[release].wgd_name)
      argument.writeBigUInt64LE(BigInt(vector[release].wgd_size), 16)
      expect(calls).toEqual([
        [Number(vector[release].request), argument.toString('hex'), 24, vector[release].payload_hex],
      ])
    })
  })

  describe(`get replies, layout ${release}`, () => {
    for (const vector of vectors.get) {
      test(vector.name, () => {
        const device = decodeDevice('wg0', hex(vector[release].payload_hex), [layout])
        const shown = dumpOf(device)
        // Upstream does not show IPv6 endpoints here; a correct reader does.
        const upstream = vector[release].upstream.show_dump
        expect(vector.name === 'get-big-counters' ? hideIp6Endpoints(shown) : shown).toBe(upstream)
        const other = layout === records74 ? records73 : records74
        expect(decodeDevice('wg0', hex(vector[release].payload_hex), [other, layout])).toEqual(device)
      })
    }
  })
}

const hideIp6Endpoints = (dump: string): string => dump.replace(/\t\[[^\t]*\]:[0-9]+\t/g, '\t(none)\t')

test('IPv6 endpoints are shown with their scope', () => {
  const vector = vectors.get.find((each: { name: string }) => each.name === 'get-big-counters')
  expect(decodeDevice('wg0', hex(vector['7.4'].payload_hex), [records74]).peers[0]?.endpoint).toEqual({
    family: 6,
    address: 'fe80::1',
    port: 65535,
    zone: '7',
  })
})

describe('sequences through the driver', () => {
  for (const sequence of vectors.sequences) {
    test(`${sequence.name}: ${sequence.description}`, async () => {
      const kernel = new OpenbsdKernelTwin(records74)
      const device = kernel.create('wg0')
      const devices = new OpenbsdDevices(kernel, '7.8', loopbackIndex, machine)
      for (const step of sequence.steps) {
        if (step.step === 'up') device.up()
        if (step.step === 'down') device.down()
        if (step.step === 'traffic') device.traffic()
        if (step.step === 'uid') kernel.uid = step.uid
        if (step.step === 'set') {
          const block = encodeChange(changeOf(step.argv, step.stdin, vectors.keys), records74, loopbackIndex)
          if (step.payload_hex) expect(block.toString('hex')).toBe(step.payload_hex)
          const errno = kernel.ioctl(requests.set, argumentOf(block.length), { offset: 24, block })
          expect(errno).toBe(step.errno === 1 ? 'EPERM' : undefined)
        }
        if (step.step !== 'get') continue
        kernel.uid = step.uid
        const block = Buffer.alloc(step.kernel.final_size)
        const argument = argumentOf(step.kernel.final_size - 1)
        expect(kernel.ioctl(requests.get, argument, { offset: 24, block })).toBeUndefined()
        expect(argument.readBigUInt64LE(data.size)).toBe(BigInt(step.kernel.too_small_size_out))
        expect(block.every((byte) => byte === 0)).toBe(true)
        expect(kernel.ioctl(requests.get, argument, { offset: 24, block })).toBeUndefined()
        if (sequence.name !== 'traffic') expect(block.toString('hex')).toBe(step.payload_hex)
        expect(hideIp6Endpoints(dumpOf(await devices.read('wg0')))).toBe(step.upstream.show_dump)
      }
    })
  }
})

const argumentOf = (size: number): Buffer => {
  const argument = Buffer.alloc(32)
  argument.write('wg0')
  argument.writeBigUInt64LE(BigInt(size), data.size)
  return argument
}

describe('through DeviceAccess', () => {
  test('host bits are masked, removals are computed, others see the port only', async () => {
    const kernel = new OpenbsdKernelTwin(records74)
    kernel.create('wg0')
    const devices = new OpenbsdDevices(kernel, '7.8', loopbackIndex, machine)
    const cidr = (address: string) => ({ family: 4, address, prefixLength: 24 }) as const
    await devices.change('wg0', {
      listenPort: 7,
      fwmark: 3,
      peers: [{ publicKey, allowedIps: [cidr('10.0.0.77'), cidr('10.0.1.0')] }],
    })
    await devices.change('wg0', {
      peers: [{ publicKey, allowedIps: [{ ...cidr('10.0.0.0'), remove: true }] }],
    })
    expect((await devices.read('wg0')).peers[0]?.allowedIps).toEqual([cidr('10.0.1.0')])
    kernel.uid = 1000
    expect(await devices.read('wg0')).toEqual({ name: 'wg0', listenPort: 7, fwmark: 3, peers: [] })
    expect(await devices.list()).toEqual(['wg0'])
  })

  test('a device that grows between the calls is read again', async () => {
    const kernel = new OpenbsdKernelTwin(records74)
    const device = kernel.create('wg0')
    let calls = 0
    kernel.onCall = () => {
      if (calls++ < 5) device.peer(Buffer.alloc(32, calls), true)
    }
    expect((await new OpenbsdDevices(kernel, '7.8', loopbackIndex, machine).read('wg0')).peers).toHaveLength(
      5,
    )
  })

  test('unknown interface', async () => {
    const devices = new OpenbsdDevices(new OpenbsdKernelTwin(records74), '7.8', loopbackIndex, machine)
    await expect(devices.read('wg0')).rejects.toMatchObject({ errno: 'ENXIO' })
  })
})

test.each([
  ['6.8', '7.3'],
  ['7.3', '7.3'],
  ['7.4', '7.4'],
  ['7.10', '7.4'],
  ['8.0', '7.4'],
  ['current', '7.4'],
])('ABI of release %s', (release, abi) => {
  expect(abiOf(release)).toBe(abi)
})

test('mutated and cut replies raise WgqError or decode, and never anything else', () => {
  const replies = [...vectors.get, ...vectors.set.filter((each: never) => each['7.4']['exit'] === 0)]
  const mutation = fc.record({
    reply: fc.constantFrom(...replies.map((vector) => hex(vector['7.4'].payload_hex))),
    cut: fc.nat({ max: 300 }),
    edits: fc.array(fc.tuple(fc.nat({ max: 1000 }), fc.nat({ max: 255 })), { maxLength: 4 }),
  })
  fc.assert(
    fc.property(mutation, ({ reply, cut, edits }) => {
      const bytes = Buffer.from(reply.subarray(0, Math.max(0, reply.length - (cut % 50))))
      for (const [at, value] of edits) if (bytes.length > 0) bytes[at % bytes.length] = value
      try {
        decodeDevice('wg0', bytes, [records74, records73])
      } catch (error) {
        expect(isWgqError(error) && error.code).toBe('E_DEVICE')
      }
    }),
    { numRuns: 1000 },
  )
})
