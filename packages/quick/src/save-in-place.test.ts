// SPDX-License-Identifier: MIT
import { type Device, emptyPeer } from '@wgq/model/device'
import type { Key } from '@wgq/model/key'
import { expect, test } from 'vitest'
import { savedInPlace } from './save-in-place.ts'

const phone = 'Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=' as Key
const own = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=' as Key
const text = `# mine
[Interface]
PrivateKey = ${own}
Address = 10.0.0.1/24 # home
MTU = 1380
PostUp = a && b
[Peer] # phone
PublicKey = ${phone}
Endpoint = vpn.example:51820
`
const device: Device = {
  name: 'wg0',
  privateKey: own,
  listenPort: 40000,
  fwmark: 0,
  peers: [
    {
      ...emptyPeer(phone),
      endpoint: { family: 4, address: '192.0.2.1', port: 51820 },
    },
  ],
}
const saved = async (found: readonly string[] | undefined, mtu = 1380, addresses = ['10.0.0.1/24']) =>
  (await savedInPlace({ text, encoding: 'utf8' }, { device, addresses, mtu }, async () => found)).text

test('a name that means the live endpoint stays, as does one that nobody can look up', async () => {
  expect(await saved(['2001:db8::1', '192.0.2.1'])).toBe(text)
  expect(await saved(undefined)).toBe(text)
})

test('a name that means another host makes way for the address', async () => {
  expect(await saved(['192.0.2.9'])).toBe(text.replace('vpn.example', '192.0.2.1'))
})

test('addresses and MTU follow the interface', async () => {
  expect(await saved(undefined, 1300, ['10.0.0.1/24', 'fd00::1/64'])).toBe(
    text.replace('10.0.0.1/24 #', '10.0.0.1/24, fd00::1/64 #').replace('1380', '1300'),
  )
})

test('a port and a mark that the file lacks are added only if somebody set them', async () => {
  const marked = { device: { ...device, fwmark: 0x99 } }
  const source = { text, encoding: 'utf8' } as const
  const ask = async () => undefined
  expect((await savedInPlace(source, marked, ask)).text).toBe(text)
  const adds = { listenPort: true, fwmark: true }
  const { text: added } = await savedInPlace(source, { ...marked, adds }, ask)
  expect(added).toMatch(/^ListenPort = 40000\nFwMark = 0x99$/m)
})
