// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as configFile from '@wgq/config/config-file'
import { type Device, type DeviceAccess, type DeviceChange, emptyPeer } from '@wgq/model/device'
import type { Key } from '@wgq/model/key'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { EndpointWatch } from './endpoint-watch.ts'

vi.mock('@wgq/config/config-file', { spy: true })
let path = ''
vi.mock('./config-path.ts', () => ({ configPathOf: () => path }))

const publicKey = 'Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=' as Key
const device: Device = {
  name: 'wg0',
  listenPort: 0,
  fwmark: 0,
  peers: [
    {
      ...emptyPeer(publicKey),
    },
  ],
}
const write = (endpoint: string) =>
  writeFileSync(path, `[Interface]\n[Peer]\nPublicKey = ${publicKey}\nEndpoint = ${endpoint}\n`)

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgq-endpoints-'))
  path = join(folder, 'wg0.conf')
})
afterAll(() => rmSync(folder, { recursive: true }))

test('the file is read when it has changed, not at every look, and what it says then counts', async () => {
  const changes: DeviceChange[] = []
  const devices = {
    change: async (_name: string, change: DeviceChange) => void changes.push(change),
  } as unknown as DeviceAccess
  let seconds = 0
  const outside = { addresses: async () => ({ addresses: ['192.0.2.7'] }), hasRoute: async () => true }
  const watch = new EndpointWatch(devices, outside, () => seconds)
  write('(none)')
  for (let look = 0; look < 4; look++) expect(await watch.follow(device)).toEqual([])
  expect(configFile.readConfigFile).toHaveBeenCalledTimes(1)
  // A peer without an endpoint gets it at once.
  seconds = 1
  write('gate.example:51821')
  expect(await watch.follow(device)).toHaveLength(1)
  expect(await watch.follow(device)).toEqual([])
  expect(configFile.readConfigFile).toHaveBeenCalledTimes(2)
  expect(changes[0]?.peers?.[0]?.endpoint?.port).toBe(51821)
  expect(watch.takeFound()).toEqual([
    { publicKey, host: 'gate.example', endpoint: { family: 4, address: '192.0.2.7', port: 51821 } },
  ])
  expect(watch.takeFound()).toEqual([])
})

test('an endpoint that has no way any more is given up at once when the network changes', async () => {
  const changes: DeviceChange[] = []
  const devices = {
    change: async (_name: string, change: DeviceChange) => void changes.push(change),
  } as unknown as DeviceAccess
  let ipv6Only = false
  const outside = {
    addresses: async (host: string) => ({
      addresses: host === 'ipv4only.arpa' && ipv6Only ? ['64:ff9b::c000:aa'] : [],
    }),
    hasRoute: async (address: string) => address.includes(':') === ipv6Only,
  }
  const watch = new EndpointWatch(devices, outside, () => 0)
  write('198.51.100.1:51820')
  const at = (address: string): Device => ({
    ...device,
    peers: device.peers.map((peer) => ({
      ...peer,
      endpoint: { family: address.includes(':') ? 6 : 4, address, port: 51820 },
    })),
  })
  expect(await watch.follow(at('198.51.100.1'), true)).toEqual([])
  ipv6Only = true
  expect(await watch.follow(at('198.51.100.1'))).toEqual([])
  await watch.follow(at('198.51.100.1'), true)
  expect(changes.at(-1)?.peers?.[0]?.endpoint?.address).toBe('64:ff9b::c633:6401')
  // A translated address is valid only in its network.
  expect(watch.takeFound()).toEqual([])
  ipv6Only = false
  await watch.follow(at('64:ff9b::c633:6401'), true)
  expect(changes.at(-1)?.peers?.[0]?.endpoint?.address).toBe('198.51.100.1')
})

test('a network with another translator, or with IPv4 as well: the translated address is left at once', async () => {
  const changes: DeviceChange[] = []
  const devices = {
    change: async (_name: string, change: DeviceChange) => void changes.push(change),
  } as unknown as DeviceAccess
  let prefix: string | undefined = '2001:db8:64::'
  let hasIpv4 = false
  const outside = {
    addresses: async (host: string) => ({
      addresses: host === 'ipv4only.arpa' && prefix !== undefined ? [`${prefix}c000:aa`] : [],
    }),
    // The default route leads to the old translator's prefix too.
    hasRoute: async (address: string) => address.includes(':') || hasIpv4,
  }
  const watch = new EndpointWatch(devices, outside, () => 0)
  write('198.51.100.1:51820')
  const at = (address: string): Device => ({
    ...device,
    peers: device.peers.map((peer) => ({ ...peer, endpoint: { family: 6, address, port: 51820 } })),
  })
  expect(await watch.follow(at('2001:db8:64::c633:6401'), true)).toEqual([])
  prefix = '64:ff9b::'
  await watch.follow(at('2001:db8:64::c633:6401'), true)
  expect(changes.at(-1)?.peers?.[0]?.endpoint?.address).toBe('64:ff9b::c633:6401')
  // No name server answers: what runs stays.
  prefix = undefined
  expect(await watch.follow(at('64:ff9b::c633:6401'), true)).toEqual([])
  hasIpv4 = true
  await watch.follow(at('64:ff9b::c633:6401'), true)
  expect(changes.at(-1)?.peers?.[0]?.endpoint?.address).toBe('198.51.100.1')
})
