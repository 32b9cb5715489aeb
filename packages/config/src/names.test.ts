// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { parseDocument } from './document.ts'
import { findPeer, peerNames } from './names.ts'

const phone = 'Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k='
const laptop = 'Ke8wUlvynA9acjhkHdychziB5/e1YigBuCvIiQ3jTSM='
const names = (...lines: string[]) => peerNames(parseDocument(lines.join('\n')), 'wg0.conf')

test.each([
  [['[Peer]', '# Name = phone', `PublicKey = ${phone}`], 2, 10],
  [['# friendly_name=phone', '[Peer]', `PublicKey = ${phone}`], 1, 17],
  [['[Peer] # phone', `PublicKey = ${phone}`], 1, 10],
  [['[Peer]', `PublicKey = ${phone}`, '# friendly_json = {"name": "phone"}'], 3, 29],
  [['### begin phone ###', '[Peer]', `PublicKey = ${phone}`, '### end phone ###'], 1, 11],
  [['### Client phone', '[Peer]', `publickey=${phone} # Name = x`], 1, 12],
  [['# Client: phone (3f2a)', '[Peer]', `PublicKey = ${phone}`], 1, 11],
])('reads %j', (lines, line, column) => {
  expect(names(...lines)).toEqual([
    { name: 'phone', publicKey: phone, at: { file: 'wg0.conf', line, column } },
  ])
})

test('a comment belongs to the header below it, an end marker to the peer above', () => {
  const found = names(
    '### begin phone ###',
    '[Peer]',
    `PublicKey = ${phone}`,
    '### end phone ###',
    '# Name = laptop',
    '[Peer]',
    `PublicKey = ${laptop}`,
  )
  expect(found.map((peer) => [peer.name, peer.publicKey])).toEqual([
    ['phone', phone],
    ['laptop', laptop],
  ])
})

test('peers without name or key, and names of other sections, do not count', () => {
  expect(names('# Name = me', '[Interface]', '[Peer]', `PublicKey = ${phone}`, '# some words')).toEqual([])
  expect(names('[Peer] # phone', 'PublicKey = bad')).toEqual([])
  expect(names('[Peer]', `PublicKey = ${phone}`, '# friendly_json = {')).toEqual([])
})

test('finds a peer by name, @name or key', () => {
  const known = names('[Peer] # phone', `PublicKey=${phone}`, '[Peer] # laptop', `PublicKey=${laptop}`)
  expect(findPeer(known, 'phone')).toBe(phone)
  expect(findPeer(known, '@laptop')).toBe(laptop)
  expect(findPeer([], laptop)).toBe(laptop)
  const error = { code: 'E_PEER_NAME', hint: 'did you mean "phone"?' }
  expect(() => findPeer(known, '@phnoe')).toThrow(expect.objectContaining(error))
})

test('refuses a name that two peers have', () => {
  const known = names('[Peer] # x', `PublicKey=${phone}`, '[Peer] # x', `PublicKey=${laptop}`)
  expect(() => findPeer(known, 'x')).toThrow('"x" is the name of 2 peers')
})
