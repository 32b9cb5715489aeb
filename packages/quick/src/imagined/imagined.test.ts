// SPDX-License-Identifier: MIT
import { formatCidr, parseCidr } from '@wgq/model/cidr'
import type { Device, DeviceAccess, PeerChange } from '@wgq/model/device'
import type { Host } from '@wgq/model/host'
import type { Key } from '@wgq/model/key'
import { expect, test } from 'vitest'
import { applyChange, ImaginedDevices } from './imagined-devices.ts'
import { ImaginedHost } from './imagined-host.ts'

const empty: Device = { name: 'wg0', listenPort: 0, fwmark: 0, peers: [] }
const change = (key: string, texts: string[], more: Partial<PeerChange> = {}): PeerChange => ({
  publicKey: key as Key,
  allowedIps: texts.map((text) => {
    const cidr = parseCidr(text.replace(/^-/, ''))
    if (!cidr) throw new Error(text)
    return text.startsWith('-') ? { ...cidr, remove: true } : cidr
  }),
  ...more,
})
const owned = (device: Device): Record<string, string[]> =>
  Object.fromEntries(device.peers.map((peer) => [peer.publicKey, peer.allowedIps.map(formatCidr)]))

test('an allowed IP belongs to the last peer that claims it, masked', () => {
  const device = applyChange(empty, {
    peers: [change('a', ['10.0.0.1/24', '10.1.0.0/16']), change('b', ['10.0.0.0/24', '10.0.0.0/24'])],
  })
  expect(owned(device)).toEqual({ a: ['10.1.0.0/16'], b: ['10.0.0.0/24'] })
})

test('peers are added to, replaced, removed, and left alone', () => {
  let device = applyChange(empty, { fwmark: 5, peers: [change('a', ['10.0.0.0/24']), change('b', [])] })
  device = applyChange(device, {
    peers: [change('a', ['10.1.0.0/24', '-10.0.0.0/24']), change('c', [], { updateOnly: true })],
  })
  expect(owned(device)).toEqual({ a: ['10.1.0.0/24'], b: [] })
  device = applyChange(device, {
    peers: [change('a', ['10.2.0.0/24'], { replaceAllowedIps: true }), change('b', [], { remove: true })],
  })
  expect(owned(device)).toEqual({ a: ['10.2.0.0/24'] })
  expect(device.fwmark).toBe(5)
  expect(owned(applyChange(device, { replacePeers: true, peers: [] }))).toEqual({})
})

test('a device that is only imagined hides nothing real and changes nothing real', async () => {
  const real = {
    list: async () => ['wg9'],
    read: async () => ({ ...empty, name: 'wg9' }),
  } as unknown as DeviceAccess
  const devices = new ImaginedDevices(real)
  await devices.change('wg0', { fwmark: 1, peers: [] })
  expect(await devices.list()).toEqual(['wg9', 'wg0'])
  expect(await devices.read('wg0')).toMatchObject({ fwmark: 1 })
  expect(await devices.read('wg9')).toMatchObject({ name: 'wg9' })
})

test('an imagined host has the routes of its addresses once the link is up', async () => {
  const real = {
    link: async () => undefined,
    routes: async () => [],
    rules: async () => [],
  } as unknown as Host
  const host = new ImaginedHost(real, true)
  await host.apply([
    { do: 'link.add', name: 'wg0' },
    { do: 'address.add', dev: 'wg0', family: 4, address: '10.0.0.2/24' },
    { do: 'address.add', dev: 'wg0', family: 4, address: '10.1.0.2' },
  ])
  expect(await host.routes({ family: 4, dev: 'wg0' })).toEqual([])
  await host.apply([{ do: 'link.up', dev: 'wg0', mtu: '1420' }])
  expect((await host.routes({ family: 4, dev: 'wg0' })).map(({ dst }) => formatCidr(dst))).toEqual([
    '10.0.0.0/24',
  ])
  expect(await host.link('wg0')).toMatchObject({ up: true, mtu: 1420 })
})

test('without a driver the kernel refuses the link as it would', async () => {
  const host = new ImaginedHost({} as Host, false)
  await expect(host.apply([{ do: 'link.add', name: 'wg0' }])).rejects.toMatchObject({
    message: 'Error: Unknown device type.',
    exitCode: 2,
  })
})
