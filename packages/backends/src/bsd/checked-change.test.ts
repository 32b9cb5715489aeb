// SPDX-License-Identifier: MIT
import type { DeviceChange } from '@wgq/model/device'
import type { Key } from '@wgq/model/key'
import { describe, expect, test } from 'vitest'
import { FreebsdDevices } from '../freebsd/devices.ts'
import { NetbsdDevices } from '../netbsd/devices.ts'
import { OpenbsdDevices } from '../openbsd/devices.ts'
import { checkChange } from './checked-change.ts'

const publicKey = `${'a'.repeat(42)}A=` as Key
const peer = (more: object): DeviceChange => ({ peers: [{ publicKey, ...more }] })
const cidr = (family: 4 | 6, address: string, prefixLength: number) =>
  peer({ allowedIps: [{ family, address, prefixLength }] })

const wrong: Record<string, DeviceChange> = {
  'a port of 17 bits': { listenPort: 65536, peers: [] },
  'a negative port': { listenPort: -1, peers: [] },
  'half a port': { listenPort: 0.5, peers: [] },
  'a mark of 33 bits': { fwmark: 2 ** 32, peers: [] },
  'a private key of 31 bytes': { privateKey: Buffer.alloc(31).toString('base64') as Key, peers: [] },
  'a public key of 33 bytes': { peers: [{ publicKey: Buffer.alloc(33).toString('base64') as Key }] },
  'a keepalive of 17 bits': peer({ keepaliveSeconds: 65536 }),
  'an endpoint without an address': peer({ endpoint: { family: 4, address: 'nowhere', port: 1 } }),
  'an endpoint of the other family': peer({ endpoint: { family: 4, address: '::1', port: 1 } }),
  'an endpoint port of 17 bits': peer({ endpoint: { family: 4, address: '10.0.0.1', port: 65536 } }),
  'a prefix longer than IPv4': cidr(4, '10.0.0.0', 33),
  'a prefix longer than IPv6': cidr(6, 'fd00::', 129),
  'a negative prefix': cidr(4, '10.0.0.0', -1),
  'an allowed IP without an address': cidr(4, '', 8),
  'an allowed IP of the other family': cidr(6, '10.0.0.0', 8),
  'a port that is no number': { listenPort: Number.NaN, peers: [] },
  'a mark below zero': { fwmark: -1, peers: [] },
  'a keepalive below zero': peer({ keepaliveSeconds: -1 }),
  'a preshared key of 31 bytes': peer({ presharedKey: Buffer.alloc(31).toString('base64') as Key }),
  'an endpoint port below zero': peer({ endpoint: { family: 6, address: '::1', port: -1 } }),
  'half a prefix length': cidr(6, 'fd00::', 63.5),
  'an allowed IP to remove, of 33 bits': peer({
    allowedIps: [{ family: 4, address: '10.0.0.0', prefixLength: 33, remove: true }],
  }),
  'the second of two peers': {
    peers: [{ publicKey }, { publicKey: `${'b'.repeat(42)}A=` as Key, keepaliveSeconds: 65536 }],
  },
}

/** The three systems over a kernel that must not be called. */
const systems = () => {
  const asked: number[] = []
  const port = {
    ioctl: (request: number) => {
      asked.push(request)
      return 'EINVAL'
    },
  }
  const index = () => undefined
  return {
    asked,
    all: {
      freebsd: new FreebsdDevices(port, index),
      openbsd: new OpenbsdDevices(port, '7.8', index),
      netbsd: new NetbsdDevices({
        port,
        runner: { run: async () => ({ status: 0, stdout: '', stderr: '' }) },
        interfaceIndex: index,
        publicKeyOf: (key) => key,
        warn: () => {},
      }),
    },
  }
}

describe.each(['freebsd', 'openbsd', 'netbsd'] as const)('%s', (system) => {
  test.each(Object.entries(wrong))('%s is refused before the kernel is asked', async (_, change) => {
    const { asked, all } = systems()
    await expect(all[system].change('wg0', change)).rejects.toMatchObject({
      code: 'E_DEVICE',
      errno: 'EINVAL',
      message: expect.stringMatching(/expected .*, found /),
    })
    expect(asked).toEqual([])
  })

  test('what is inside of its range passes', () => {
    const change: DeviceChange = {
      privateKey: publicKey,
      listenPort: 65535,
      fwmark: 255,
      peers: [
        {
          publicKey,
          presharedKey: publicKey,
          keepaliveSeconds: 65535,
          endpoint: { family: 6, address: 'fe80::1', port: 65535, zone: 'em0' },
          allowedIps: [
            { family: 4, address: '10.0.0.1', prefixLength: 32 },
            { family: 6, address: '::', prefixLength: 0 },
          ],
        },
      ],
    }
    expect(() => checkChange(change, system)).not.toThrow()
  })
})

test('FwMark above 255 is not a routing table', () => {
  expect(() => checkChange({ fwmark: 51820, peers: [] }, 'openbsd')).toThrow(/expected 0 to 255, found 51820/)
  expect(() => checkChange({ fwmark: 256, peers: [] }, 'openbsd')).toThrow(/expected 0 to 255, found 256/)
  expect(() => checkChange({ fwmark: 51820, peers: [] }, 'freebsd')).not.toThrow()
})
