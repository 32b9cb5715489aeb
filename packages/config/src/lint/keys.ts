// SPDX-License-Identifier: MIT
import { zeroKey } from '@wgq/model/key'
import type { Diagnostic } from '../diagnostic.ts'
import type { Rule, Subject } from './subject.ts'
import { entriesOf, headerSpot, lastValue, spot } from './subject.ts'

/** Keys that are valid but cannot be what was meant. */
export const keyRules: Rule = (subject) => [
  ...missingPrivateKey(subject),
  ...subject.peers.flatMap((peer): Diagnostic[] => {
    const entry = entriesOf([peer.section], 'publickey').at(-1)
    if (!entry) {
      const message = 'A peer without PublicKey: wg refuses the file'
      const place = headerSpot(subject, peer.section)
      return [{ code: 'missing-public-key', severity: 'error', ...place, message }]
    }
    const place = { severity: 'warning', ...spot(subject, entry, entry.value) } as const
    if (peer.publicKey === undefined) return []
    if (peer.publicKey === subject.publicKey) {
      const message = 'This is the public key of this interface: the device ignores such a peer'
      const hint = "put the other side's public key here"
      return [{ code: 'own-key-as-peer', ...place, message, hint }]
    }
    if (peer.publicKey === subject.privateKey) {
      const message = 'This is the private key of this interface, not a public key'
      const hint = '`wgq pubkey` on the other side prints the key that belongs here; make a new private key'
      return [{ code: 'private-key-as-peer', ...place, message, hint }]
    }
    if (peer.publicKey === zeroKey) {
      const message = 'This key is all zeros: nobody has the private key to it'
      return [{ code: 'zero-key', ...place, message }]
    }
    return []
  }),
]

const missingPrivateKey = (subject: Subject): Diagnostic[] => {
  const [section] = subject.interfaces
  if (!section || lastValue(subject.interfaces, 'privatekey') !== '') return []
  const { preUp, postUp } = subject.settings.hooks
  if ([...preUp, ...postUp].some((hook) => hook.value.includes('private-key'))) return []
  const message = 'The interface has no PrivateKey: it will not complete any handshake'
  const hint = 'add the output of `wgq genkey`, or load the key in a PreUp hook'
  return [
    { code: 'missing-private-key', severity: 'warning', ...headerSpot(subject, section), message, hint },
  ]
}
