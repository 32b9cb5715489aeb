// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import { readVectors } from '../bsd/fixtures/vectors.ts'
import { decodeDevice } from './device-reply.ts'
import { OpenbsdKernelTwin, peerRecord73, peerRecord74 } from './kernel-twin.ts'

// Recorded answers of booted kernels: the twin returns the same bytes, and the reader accepts them.
const kernels = {
  '7.3': 'openbsd-73-booted.json',
  '7.8': 'openbsd-78-booted.json',
  '7.9': 'openbsd-79-booted.json',
}

interface Step {
  readonly set: string
  readonly errno: string
  readonly get: { readonly hex: string }
  readonly get_as_nobody: { readonly hex: string }
}

for (const [release, file] of Object.entries(kernels)) {
  const { cases, layout } = readVectors(file) as {
    layout: '7.3' | '7.4'
    cases: { name: string; steps: Step[] }[]
  }
  const records = layout === '7.3' ? peerRecord73 : peerRecord74
  const { data, requests, memory } = records

  describe(`OpenBSD ${release}`, () => {
    test.each(cases)('$name', ({ steps }) => {
      const kernel = new OpenbsdKernelTwin(records)
      kernel.create('wg0')
      const call = (request: number, block: Buffer) => {
        const argument = Buffer.alloc(data.bytes)
        argument.write('wg0')
        memory.setWord(argument, data.size, BigInt(block.length))
        const errno = kernel.ioctl(request, argument, { offset: data.pointer, block })
        return { errno, size: Number(memory.word(argument, data.size)) }
      }
      const get = (uid: number) => {
        kernel.uid = uid
        const block = Buffer.alloc(4096)
        const { size } = call(requests.get, block)
        kernel.uid = 0
        return block.toString('hex', 0, size)
      }
      for (const step of steps) {
        expect(call(requests.set, Buffer.from(step.set, 'hex')).errno ?? 'ok').toBe(step.errno)
        expect(get(0)).toBe(step.get.hex)
        expect(get(1000)).toBe(step.get_as_nobody.hex)
        expect(() => decodeDevice('wg0', Buffer.from(step.get.hex, 'hex'), [records])).not.toThrow()
      }
    })
  })
}

describe('what the recordings cannot hold', () => {
  const keyOf = (fill: number) => Buffer.alloc(32, fill)

  test('a port or a table that cannot be had is refused while up, and taken while down', () => {
    const device = new OpenbsdKernelTwin(peerRecord74).create('wg0')
    device.takenPorts.add(7)
    expect(device.bind(7, undefined)).toBeUndefined()
    expect(device.up()).toBe('EADDRINUSE')
    expect(device.bind(8, 5)).toBeUndefined()
    expect(device.up()).toBe('EINVAL')
    device.tables.add(5)
    expect(device.up()).toBeUndefined()
    expect(device.bind(7, undefined)).toBe('EADDRINUSE')
    expect(device.bind(undefined, 6)).toBe('EINVAL')
    expect([device.port, device.mark]).toEqual([8, 5])
  })

  test('port 0 while up is another port at once', () => {
    const device = new OpenbsdKernelTwin(peerRecord74).create('wg0')
    device.up()
    const { port } = device
    expect(device.bind(0, undefined)).toBeUndefined()
    expect(device.port).not.toBe(port)
    expect(device.port).toBeGreaterThan(0)
  })

  test('a keepalive after down is kept for a peer made since, and for no other', () => {
    const device = new OpenbsdKernelTwin(peerRecord74).create('wg0')
    const old = device.peer(keyOf(1), true)
    device.up()
    device.down()
    const fresh = device.peer(keyOf(2), true)
    if (!old || !fresh) throw new Error('no peers')
    device.setKeepalive(old, 5)
    device.setKeepalive(fresh, 6)
    expect([old.keepaliveSeconds, fresh.keepaliveSeconds]).toEqual([0, 6])
  })
})
