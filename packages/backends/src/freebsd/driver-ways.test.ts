// SPDX-License-Identifier: MIT
// What FreeBSD's driver does with values that wgq never sends: the twin does the same, so that a change of what wgq sends
// is tested against the driver's answer.
import { amd64 } from '@wgq/native/bsd/machine'
import { describe, expect, test } from 'vitest'
import { dataBlockOf, FreebsdDevices } from './devices.ts'
import { FreebsdKernelTwin } from './kernel-twin.ts'
import type { NvList, NvPair } from './nvlist.ts'
import { packNvlist } from './nvlist-pack.ts'

const data = dataBlockOf(amd64('freebsd'))
const binary = (name: string, value: Buffer): NvPair => ({ name, type: 'binary', value })
const number = (name: string, value: number): NvPair => ({ name, type: 'number', value: BigInt(value) })
const publicKey = binary('public-key', Buffer.alloc(32, 9))

const setup = () => {
  const kernel = new FreebsdKernelTwin()
  const device = kernel.create('wg0')
  const devices = new FreebsdDevices(kernel, () => undefined)
  const set = (list: NvList): string | undefined => {
    const block = packNvlist(list)
    const argument = Buffer.alloc(data.bytes)
    argument.write('wg0')
    argument.writeBigUInt64LE(BigInt(block.length), data.size)
    return kernel.ioctl(data.set, argument, { offset: data.pointer, block })
  }
  const setPeer = (...pairs: NvPair[]) =>
    set([{ name: 'peers', type: 'nvlist[]', value: [[publicKey, ...pairs]] }])
  const allowedIps = (...items: NvList[]): NvPair => ({ name: 'allowed-ips', type: 'nvlist[]', value: items })
  return { device, set, setPeer, allowedIps, read: () => devices.read('wg0') }
}

test('port 0 while running binds a new port', async () => {
  const { device, set, read } = setup()
  expect(set([number('listen-port', 7)])).toBeUndefined()
  device.up()
  expect(set([number('listen-port', 0)])).toBeUndefined()
  expect((await read()).listenPort).toBeGreaterThan(7)
})

test('a known name with a value of another type is ignored', async () => {
  const { set, read } = setup()
  expect(
    set([
      { name: 'listen-port', type: 'string', value: '7' },
      { name: 'user-cookie', type: 'bool', value: true },
      { name: 'private-key', type: 'number', value: 1n },
      number('unknown', 1),
    ]),
  ).toBeUndefined()
  expect(await read()).toMatchObject({ listenPort: 0, fwmark: 0, peers: [] })
})

describe('endpoints', () => {
  test.each([1, 8, 15, 27])('%i bytes are copied, and are no endpoint to wgq', async (length) => {
    const { device, setPeer, read } = setup()
    const bytes = Buffer.alloc(length, 2)
    expect(setPeer(binary('endpoint', bytes))).toBeUndefined()
    expect(device.peers[0]?.endpoint).toEqual(bytes)
    const [peer] = (await read()).peers
    // 27 bytes hold a whole sockaddr_in.
    expect(peer?.endpoint === undefined).toBe(length < 16)
    expect(peer?.note === undefined).toBe(length === 1 || length >= 16)
  })

  test('more than 28 bytes are refused', () => {
    expect(setup().setPeer(binary('endpoint', Buffer.alloc(29, 2)))).toBe('EINVAL')
  })

  test.each([0, 1, 24, 255])('family %i is stored, and left out of the reply', async (family) => {
    const { device, setPeer, read } = setup()
    expect(setPeer(binary('endpoint', Buffer.from([28, family, ...Buffer.alloc(26)])))).toBeUndefined()
    expect(device.peers[0]?.endpoint?.[1]).toBe(family)
    const [peer] = (await read()).peers
    expect([peer?.endpoint, peer?.note]).toEqual([undefined, undefined])
  })
})

test('an allowed IP without its length or its address is skipped, and the next one is taken', async () => {
  const { setPeer, allowedIps, read } = setup()
  const four = binary('ipv4', Buffer.from([10, 0, 0, 9]))
  expect(setPeer(allowedIps([four], [number('cidr', 8)], [number('cidr', 24), four]))).toBeUndefined()
  expect((await read()).peers[0]?.allowedIps).toEqual([{ family: 4, address: '10.0.0.0', prefixLength: 24 }])
})

test('drivers before `flags` add the allowed IP that it would remove', async () => {
  const { setPeer, allowedIps, read } = setup()
  const item = [number('flags', 1), number('cidr', 64), binary('ipv6', Buffer.alloc(16, 0xfd))]
  expect(setPeer(allowedIps(item))).toBeUndefined()
  expect((await read()).peers[0]?.allowedIps).toHaveLength(1)
})

test('a private key of zeros is clamped, and its public key is shown', async () => {
  const { set, read } = setup()
  expect(set([binary('private-key', Buffer.alloc(32))])).toBeUndefined()
  const { privateKey, publicKey: shown } = await read()
  expect(Buffer.from(privateKey ?? '', 'base64')).toEqual(Buffer.from([...Buffer.alloc(31), 0x40]))
  expect(shown).toMatch(/^[A-Za-z0-9+/]{43}=$/)
})
