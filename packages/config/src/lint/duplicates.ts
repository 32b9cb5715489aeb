// SPDX-License-Identifier: MIT
import type { Position } from '@wgq/model/error'
import type { Diagnostic } from '../diagnostic.ts'
import { among, repeatableKeys } from '../file-keys.ts'
import type { PeerName } from '../names.ts'
import type { Entry, Section } from '../outline.ts'
import type { Rule, Subject } from './subject.ts'
import { headerSpot, spot } from './subject.ts'

const isRepeatable = among(repeatableKeys)

/** Duplicates: the last line of a scalar key wins, and of two peers with one key the last allowed IPs. */
export const duplicateRules: Rule = (subject) => [
  ...duplicateKeys(subject, subject.interfaces),
  ...subject.peers.flatMap((peer) => duplicateKeys(subject, [peer.section])),
  ...duplicatePeers(subject),
  ...duplicateNames(subject),
  ...duplicateAddresses(subject),
]

const duplicateKeys = (subject: Subject, sections: readonly Section[]): Diagnostic[] => {
  const last = new Map<string, Entry>()
  const found: Diagnostic[] = []
  for (const entry of sections.flatMap((section) => section.entries)) {
    if (!entry.hasEquals || isRepeatable(entry.key)) continue
    const before = last.get(entry.key)
    last.set(entry.key, entry)
    if (!before) continue
    found.push({
      code: 'duplicate-key',
      severity: 'warning',
      ...spot(subject, entry, entry.name),
      message: `${entry.name.text} is set again: this line counts, line ${before.line.number} does not`,
      hint: 'keep one of the two lines',
      related: [{ at: spot(subject, before, before.name).at, message: 'set here first' }],
    })
  }
  return found
}

const duplicatePeers = (subject: Subject): Diagnostic[] => {
  const first = new Map<string, Section>()
  return subject.peers.flatMap(({ publicKey, section }): Diagnostic[] => {
    if (publicKey === undefined) return []
    const before = first.get(publicKey)
    if (!before) {
      first.set(publicKey, section)
      return []
    }
    return [
      {
        code: 'duplicate-peer',
        severity: 'warning',
        ...headerSpot(subject, section),
        message: 'A peer with this public key is in the file already: only the last allowed IPs count',
        hint: 'put all its keys into one section',
        related: [{ at: headerSpot(subject, before).at, message: 'the same peer' }],
      },
    ]
  })
}

const duplicateNames = (subject: Subject): Diagnostic[] => {
  const first = new Map<string, PeerName>()
  return subject.names.flatMap((peer): Diagnostic[] => {
    const before = first.get(peer.name) ?? peer
    first.set(peer.name, before)
    if (before.publicKey === peer.publicKey) return []
    return [
      {
        code: 'duplicate-name',
        severity: 'warning',
        at: peer.at,
        width: peer.name.length,
        message: `Another peer is called "${peer.name}" too: commands will refuse the name`,
        related: [{ at: before.at, message: 'the other one' }],
      },
    ]
  })
}

const duplicateAddresses = (subject: Subject): Diagnostic[] => {
  const first = new Map<string, Position>()
  return subject.settings.addresses.flatMap(({ value, at }): Diagnostic[] => {
    const before = first.get(value)
    if (!before) {
      first.set(value, at)
      return []
    }
    return [
      {
        code: 'duplicate-address',
        severity: 'error',
        at,
        width: value.length,
        message: `${value} is given twice: the system refuses the second one`,
        related: [{ at: before, message: 'given here first' }],
      },
    ]
  })
}
