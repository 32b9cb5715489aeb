// SPDX-License-Identifier: MIT
// The bytes that go to kernels of other machines than amd64, written out: three-systems.test.ts compares behaviour only.
import type { DeviceChange } from '@wgq/model/device'
import type { Key } from '@wgq/model/key'
import { type BsdPlatform, type Machine, machineOf } from '@wgq/native/bsd/machine'
import { tunLayoutOf } from '@wgq/native/bsd/tun-layout'
import { expect, test } from 'vitest'
import { FreebsdDevices } from '../freebsd/devices.ts'
import { NetbsdDevices } from '../netbsd/devices.ts'
import { encodeChange } from '../openbsd/device-change.ts'
import { decodeDevice } from '../openbsd/device-reply.ts'
import { recordsOf } from '../openbsd/layout.ts'
import type { IoctlPointer } from './ioctl-port.ts'

const noIndex = () => undefined
const publicKey = Buffer.alloc(32, 1).toString('base64') as Key
const machine = (system: BsdPlatform, processor: string, order: 'LE' | 'BE' = 'LE'): Machine => {
  const found = machineOf(system, processor, order)
  if (!found) throw new Error(`${system} ${processor} is not in the table`)
  return found
}

/** A kernel that notes what it was given. */
const recorder = () => {
  const calls: { request: string; argument: string; block: Buffer; offset: number }[] = []
  const ioctl = (request: number, argument: Buffer, pointer?: IoctlPointer): undefined => {
    calls.push({
      request: `0x${request.toString(16)}`,
      argument: argument.toString('hex'),
      block: Buffer.from(pointer?.block ?? []),
      offset: pointer?.offset ?? -1,
    })
  }
  return { calls, port: { ioctl } }
}
const name = '776730'.padEnd(32, '0')

test.each([
  ['x64', 'LE', '0xc02069d2', `${name}${'0'.repeat(16)}3a00000000000000`, 16],
  ['ia32', 'LE', '0xc01869d2', `${name}${'0'.repeat(8)}3a000000`, 16],
  ['arm', 'LE', '0xc01869d2', `${name}${'0'.repeat(8)}3a000000`, 16],
  ['ppc64', 'BE', '0xc02069d2', `${name}${'0'.repeat(16)}000000000000003a`, 16],
  ['riscv64', 'LE', '0xc02069d2', `${name}${'0'.repeat(16)}3a00000000000000`, 16],
] as const)('FreeBSD on %s: a port', async (processor, order, request, argument, offset) => {
  const { calls, port } = recorder()
  const devices = new FreebsdDevices(port, noIndex, machine('freebsd', processor, order))
  await devices.change('wg0', { listenPort: 51820, peers: [] })
  expect(calls[0]).toMatchObject({ request, argument, offset })
  // Flag 0x80 says big-endian; the sizes follow it, the name is the same.
  expect(calls[0]?.block.toString('hex')).toBe(
    order === 'LE'
      ? '6c000000000000000000002700000000000000030c0008000000000000000000000000000000' +
          '6c697374656e2d706f7274006cca000000000000'
      : '6c008000000000000000000000000000000027' +
          '03000c00000000000000080000000000000000' +
          '6c697374656e2d706f727400000000000000ca6c',
  )
})

const openbsd: DeviceChange = {
  listenPort: 0x1234,
  fwmark: 2,
  peers: [
    {
      publicKey,
      keepaliveSeconds: 0x0506,
      endpoint: { family: 6, address: 'fe80::1', port: 0x0708, zone: '9' },
      allowedIps: [{ family: 6, address: 'fd00::', prefixLength: 64 }],
    },
  ],
}

// Interface record, peer record and where the port, the keepalive and the zone of the endpoint stand in it.
test.each([
  ['x64', 'LE', '7.4', 80, 208, '3412', '0605', '09000000'],
  ['x64', 'LE', '7.3', 80, 144, '3412', '0605', '09000000'],
  ['ia32', 'LE', '7.4', 76, 200, '3412', '0605', '09000000'],
  ['ia32', 'LE', '7.3', 76, 136, '3412', '0605', '09000000'],
  ['sparc64', 'BE', '7.4', 80, 208, '1234', '0506', '00000009'],
  ['mips64', 'BE', '7.3', 80, 144, '1234', '0506', '00000009'],
  ['ppc', 'BE', '7.4', 80, 208, '1234', '0506', '00000009'],
] as const)(
  'OpenBSD on %s (%s), records of %s',
  (processor, order, abi, device, peer, port, keepalive, zone) => {
    const records = recordsOf(machine('openbsd', processor, order), abi)
    expect([records.device.bytes, records.peer.bytes, records.allowedIp.bytes]).toEqual([device, peer, 24])
    const bytes = encodeChange(openbsd, records, noIndex)
    expect(bytes).toHaveLength(device + peer + 24)
    const hex = (at: number, length: number) => bytes.toString('hex', at, at + length)
    const { peers } = records.device
    expect(hex(records.device.port, 2)).toBe(port)
    expect(hex(peers + records.peer.keepaliveSeconds, 2)).toBe(keepalive)
    const endpoint = peers + records.peer.endpoint
    // Ports of endpoints are big-endian everywhere, zones never.
    expect([hex(endpoint, 4), hex(endpoint + 24, 4)]).toEqual(['1c180708', zone])
    expect(decodeDevice('wg0', bytes, [records])).toMatchObject({
      listenPort: openbsd.listenPort,
      fwmark: 2,
      peers: openbsd.peers,
    })
  },
)

test('OpenBSD: the records of a kernel that is older or newer than its release says are read', () => {
  for (const processor of ['x64', 'ia32', 'arm']) {
    const own = machine('openbsd', processor)
    const [old, current] = [recordsOf(own, '7.3'), recordsOf(own, '7.4')]
    for (const [sent, candidates] of [
      [old, [current, old]],
      [current, [old, current]],
    ] as const)
      expect(decodeDevice('wg0', encodeChange(openbsd, sent, noIndex), candidates).peers).toMatchObject(
        openbsd.peers,
      )
  }
})

test.each([
  ['x64', 'LE', '0x8028697b', 40],
  ['ia32', 'LE', '0x801c697b', 28],
  ['arm', 'LE', '0x801c697b', 28],
  ['m68k', 'BE', '0x801c697b', 28],
  ['sparc64', 'BE', '0x8028697b', 40],
  ['mips', 'BE', '0x801c697b', 28],
] as const)('NetBSD on %s: a port', async (processor, order, request, bytes) => {
  const { calls, port } = recorder()
  const own = machine('netbsd', processor, order)
  const devices = new NetbsdDevices({
    port: {
      ioctl: (number, argument, pointer) => {
        port.ioctl(number, argument, pointer)
        // The answer of a device without settings.
        if (number !== own.fact('SIOCSDRVSPEC'))
          pointer?.block.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist PUBLIC "-//Apple Computer//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n<plist version="1.0">\n<dict/>\n</plist>\n\0',
          )
        return undefined
      },
    },
    machine: own,
    runner: { run: async () => ({ status: 0, stdout: '', stderr: '' }) },
    interfaceIndex: noIndex,
    publicKeyOf: (key) => key,
    warn: () => {},
  })
  await devices.change('wg0', { listenPort: 51820, peers: [] })
  const last = calls.at(-1)
  expect(last?.request).toBe(request)
  expect((last?.argument.length ?? 0) / 2).toBe(bytes)
  // Command 2, and a text that names the port in hexadecimal, whatever the byte order.
  const word = own.wordBytes
  expect(last?.argument.slice(32, 32 + word * 2)).toBe(
    order === 'LE' ? '02'.padEnd(word * 2, '0') : '02'.padStart(word * 2, '0'),
  )
  expect(last?.block.toString()).toContain('<integer>0xca6c</integer>')
})

test('tun(4): the structures of requests on 32-bit machines', () => {
  for (const [system, processor, ifreqBytes] of [
    ['freebsd', 'ia32', 32],
    ['freebsd', 'arm', 32],
    ['openbsd', 'ia32', 32],
    ['openbsd', 'arm', 32],
    ['netbsd', 'ia32', 144],
  ] as const)
    expect([system, processor, tunLayoutOf(system, machine(system, processor)).ifreqBytes]).toEqual([
      system,
      processor,
      ifreqBytes,
    ])
})
