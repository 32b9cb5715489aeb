// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
import type { AllowedIpChange, Device, DeviceAccess, DeviceChange, PeerChange } from '@wgq/model/device'
import { formatEndpoint } from '@wgq/model/endpoint'
import { type Key, zeroKey } from '@wgq/model/key'
import { headerTable } from '@wgq/native/bsd/header-table'
import type { BsdPlatform } from '@wgq/native/bsd/machine'
import { amd64, type Machine, machineOf } from '@wgq/native/bsd/machine'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FreebsdDevices } from '../freebsd/devices.ts'
import { FreebsdKernelTwin } from '../freebsd/kernel-twin.ts'
import { NetbsdDevices } from '../netbsd/devices.ts'
import { NetbsdKernelTwin } from '../netbsd/kernel-twin.ts'
import { OpenbsdDevices } from '../openbsd/devices.ts'
import { OpenbsdKernelTwin } from '../openbsd/kernel-twin.ts'
import { recordsOf } from '../openbsd/layout.ts'

const noIndex = () => undefined

/** The same interface on each system. */
const openAll = (machine: (platform: BsdPlatform) => Machine = amd64): Record<string, DeviceAccess> => {
  const freebsd = new FreebsdKernelTwin(machine('freebsd'))
  const old = new OpenbsdKernelTwin(recordsOf(machine('openbsd'), '7.3'), machine('openbsd'))
  const openbsd = new OpenbsdKernelTwin(recordsOf(machine('openbsd'), '7.4'), machine('openbsd'))
  const netbsd = new NetbsdKernelTwin(machine('netbsd'))
  for (const kernel of [freebsd, old, openbsd, netbsd]) kernel.create('wg0')
  return {
    freebsd: new FreebsdDevices(freebsd, noIndex, machine('freebsd')),
    'openbsd 7.3': new OpenbsdDevices(old, '7.3', noIndex, machine('openbsd')),
    openbsd: new OpenbsdDevices(openbsd, '7.8', noIndex, machine('openbsd')),
    netbsd: new NetbsdDevices({
      port: netbsd,
      machine: machine('netbsd'),
      runner: { run: async () => ({ status: 0, stdout: 'wg0\n', stderr: '' }) },
      interfaceIndex: noIndex,
      publicKeyOf: (key) => key,
      warn: () => {},
    }),
  }
}

const key = (letter: string) => `${letter.repeat(42)}A=` as Key
const keys = ['a', 'b', 'c'].map(key)

const allowedIp: fc.Arbitrary<AllowedIpChange> = fc
  .tuple(
    fc.constantFrom(
      { family: 4, address: '10.0.0.9', prefixLength: 24 } as const,
      { family: 4, address: '10.0.0.0', prefixLength: 8 } as const,
      { family: 4, address: '0.0.0.0', prefixLength: 0 } as const,
      { family: 6, address: 'fd00::1', prefixLength: 64 } as const,
      { family: 6, address: '::', prefixLength: 0 } as const,
    ),
    fc.constantFrom(false, false, true),
  )
  .map(([cidr, remove]) => (remove ? { ...cidr, remove } : cidr))

const peer: fc.Arbitrary<PeerChange> = fc.record(
  {
    publicKey: fc.constantFrom(...keys),
    remove: fc.constantFrom(true),
    updateOnly: fc.constantFrom(true),
    presharedKey: fc.constantFrom(key('s'), key('t'), zeroKey),
    endpoint: fc.constantFrom(
      { family: 4, address: '192.0.2.1', port: 7 } as const,
      { family: 6, address: '2001:db8::1', port: 8, zone: '3' } as const,
    ),
    replaceAllowedIps: fc.constantFrom(true),
    allowedIps: fc.array(allowedIp, { maxLength: 3 }),
  },
  { requiredKeys: ['publicKey'] },
)

/** A peer appears once in a change; the programs that make changes ensure this. */
const change: fc.Arbitrary<DeviceChange> = fc.record(
  {
    privateKey: fc.constantFrom(key('p')),
    replacePeers: fc.constantFrom(true),
    peers: fc.uniqueArray(peer, { selector: ({ publicKey }) => publicKey, maxLength: 3 }),
  },
  { requiredKeys: ['peers'] },
)

/** What all systems must agree on: everything but order. */
const essence = (device: Device) =>
  Object.fromEntries(
    device.peers.map((each) => [
      each.publicKey,
      {
        presharedKey: each.presharedKey,
        endpoint: each.endpoint && formatEndpoint(each.endpoint),
        allowedIps: each.allowedIps.map(formatCidr).sort(),
      },
    ]),
  )

test('the same changes make the same device on every system', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 6 }), async (changes) => {
      const systems = openAll()
      for (const each of changes) {
        const seen: Record<string, unknown> = {}
        for (const [name, devices] of Object.entries(systems)) {
          await devices.change('wg0', each)
          seen[name] = essence(await devices.read('wg0'))
        }
        for (const name of Object.keys(systems)) expect([name, seen[name]]).toEqual([name, seen['freebsd']])
      }
    }),
    { numRuns: 40 },
  )
})

/** Every kind of machine in the header table, with its system. */
const machines = (['freebsd', 'openbsd', 'netbsd'] as const).flatMap((system) =>
  headerTable[system].map(({ architectures: [processor = ''] }) => [system, processor] as const),
)

test.each(machines)('and on %s, %s', async (system, processor) => {
  const own = machineOf(system, processor, 'LE') ?? machineOf(system, processor, 'BE')
  expect(own).toBeDefined()
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 4 }), async (changes) => {
      const systems = openAll((platform) => (platform === system && own ? own : amd64(platform)))
      for (const each of changes) {
        const seen: Record<string, unknown> = {}
        for (const [name, devices] of Object.entries(systems)) {
          await devices.change('wg0', each)
          seen[name] = essence(await devices.read('wg0'))
        }
        for (const name of Object.keys(systems)) expect([name, seen[name]]).toEqual([name, seen['freebsd']])
      }
    }),
    { numRuns: 10 },
  )
})
