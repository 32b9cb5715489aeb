// SPDX-License-Identifier: MIT
import { parseCidr } from '@wgq/model/cidr'
import { type Device, emptyPeer, type Peer } from '@wgq/model/device'
import type { Key } from '@wgq/model/key'
import { expect, test } from 'vitest'
import { parseDocument, printDocument } from './document.ts'
import { saveDevice } from './save-edit.ts'

const own = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=' as Key
const phone = 'Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=' as Key
const laptop = 'Ke8wUlvynA9acjhkHdychziB5/e1YigBuCvIiQ3jTSM=' as Key

const file = `[Interface]
PrivateKey = ${own} # mine
Address = 10.0.0.1/24
PostUp = a && b & c
SaveConfig = true

[Peer] # phone
PublicKey = ${phone}
AllowedIPs = 10.0.0.2, 10.1.0.9/16
Endpoint = vpn.example:51820
PersistentKeepalive = off
`

const peer = (publicKey: Key, allowedIps: string[], more: Partial<Peer> = {}): Peer => ({
  ...emptyPeer(publicKey),
  allowedIps: allowedIps.map((text) => parseCidr(text) ?? expect.fail(text)),
  ...more,
})
const live = { family: 4, address: '192.0.2.1', port: 51820 } as const
const device: Device = {
  name: 'wg0',
  privateKey: own,
  listenPort: 34567,
  fwmark: 51820,
  peers: [peer(phone, ['10.0.0.2/32', '10.1.0.0/16'], { endpoint: live })],
}
const saved = (running: Device, text = file, sameEndpoint = true) =>
  printDocument(
    saveDevice(parseDocument(text), running, {
      addresses: ['10.0.0.1/24'],
      sameEndpoint: () => sameEndpoint,
    }),
  )

test('what runs as written leaves the file as it is: random port and chosen mark too', () => {
  expect(saved(device)).toBe(file)
})

test('an endpoint that moved is written as it is now', () => {
  expect(saved(device, file, false)).toBe(file.replace('vpn.example:51820', '192.0.2.1:51820'))
  const numeric = file.replace('vpn.example', '192.0.2.1')
  expect(saved(device, numeric, false)).toBe(numeric)
})

test('values that are in the file follow the device', () => {
  const text = `[Interface]\nListenPort = 1 # p\nFwMark = 0xca6c\nPrivateKey = ${phone}\n`
  const next = saved({ ...device, fwmark: 0, peers: [] }, text).replace('Address = 10.0.0.1/24\n', '')
  expect(next).toBe(`[Interface]\nListenPort = 34567 # p\nFwMark = off\nPrivateKey = ${own}\n`)
})

test('a key that the file does not hold is added, unless a hook may load it', () => {
  expect(saved({ ...device, peers: [] }, '[Interface]\nAddress = 10.0.0.1/24\n')).toContain(
    `PrivateKey = ${own}`,
  )
  const hook = '[Interface]\nAddress = 10.0.0.1/24\nPostUp = wg set %i private-key /k\n'
  expect(saved({ ...device, peers: [] }, hook)).toBe(hook)
})

test('peers come and go; preshared key and keepalive follow', () => {
  const secret = own
  const second = peer(laptop, ['10.0.0.3/32'], { presharedKey: secret, keepaliveSeconds: 25, endpoint: live })
  const both = saved({ ...device, peers: [...device.peers, second] })
  const added =
    `\n[Peer]\nPublicKey = ${laptop}\nPresharedKey = ${secret}\n` +
    `AllowedIPs = 10.0.0.3/32\nEndpoint = 192.0.2.1:51820\nPersistentKeepalive = 25\n`
  expect(both).toBe(file + added)
  const changed = { ...second, presharedKey: phone }
  expect(saved({ ...device, peers: [...device.peers, changed] }, both)).toBe(
    both.replace(`PresharedKey = ${secret}`, `PresharedKey = ${phone}`),
  )
  const { presharedKey: _, ...bare } = second
  const plain = saved({ ...device, peers: [...device.peers, { ...bare, keepaliveSeconds: 0 }] }, both)
  expect(plain).toBe(both.replace(`PresharedKey = ${secret}\n`, '').replace('PersistentKeepalive = 25\n', ''))
  expect(saved(device, both)).toBe(file)
})
