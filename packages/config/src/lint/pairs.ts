// SPDX-License-Identifier: MIT
import { parseCidr } from '@wgq/model/cidr'
import type { Diagnostic } from '../diagnostic.ts'
import { glibcPort } from '../wg/port.ts'
import { PrefixTable } from './prefix-table.ts'
import type { LintPeer, Subject } from './subject.ts'
import { entriesOf, headerSpot, lastValue, spot } from './subject.ts'

/**
 * Compares the files of both sides of a tunnel and reports what keeps them from communicating. It sees only the files,
 * not NAT or firewalls on the path.
 */
export const pairRules = (subjects: readonly Subject[]): Diagnostic[] =>
  subjects.flatMap((one, index) =>
    subjects.slice(index + 1).flatMap((other) => checkPair(one, other, subjects.length === 2)),
  )

const checkPair = (one: Subject, other: Subject, onlyPair: boolean): Diagnostic[] => {
  if (one.publicKey === undefined || other.publicKey === undefined) return []
  if (one.publicKey === other.publicKey) {
    const entry = entriesOf(other.interfaces, 'privatekey').at(-1)
    const place = entry ? spot(other, entry, entry.value) : headerSpot(other, other.interfaces[0])
    const message = `${one.file} has the same private key: of two such interfaces one gets the packets, by chance`
    const hint = 'every interface needs a key of its own: `wgq genkey`'
    return [{ code: 'pair-same-key', severity: 'error', ...place, message, hint }]
  }
  const ours = one.peersByKey.get(other.publicKey)
  const theirs = other.peersByKey.get(one.publicKey)
  if (!ours && !theirs) {
    if (!onlyPair) return []
    const message = `Neither this file nor ${other.file} has the other as a peer`
    return [{ code: 'pair-unknown-peer', severity: 'error', ...headerSpot(one, one.interfaces[0]), message }]
  }
  if (!ours) return [unknown(one, other)]
  if (!theirs) return [unknown(other, one)]
  return [
    ...addressesReach(one, other, theirs),
    ...addressesReach(other, one, ours),
    ...sameAddress(one, other),
    ...samePresharedKey(one, ours, other, theirs),
    ...portsMeet(one, ours, other),
    ...portsMeet(other, theirs, one),
    ...anyEndpoint(one, ours, other, theirs),
  ]
}

const unknown = (subject: Subject, other: Subject): Diagnostic => ({
  code: 'pair-unknown-peer',
  severity: 'error',
  ...headerSpot(subject, subject.interfaces[0]),
  message: `${other.file} has this interface as a peer, but its public key is not a peer here`,
  hint: `add a [Peer] with PublicKey = ${other.publicKey}`,
})

/** `to` must allow the addresses of `from`, or it drops every packet that comes out of the tunnel. */
const addressesReach = (from: Subject, to: Subject, peer: LintPeer): Diagnostic[] => {
  const allowed = new PrefixTable(peer.allowedIps.map(({ cidr }) => [cidr, true]))
  return from.settings.addresses.flatMap(({ value, at }): Diagnostic[] => {
    const cidr = parseCidr(value)
    if (!cidr) return []
    const host = { ...cidr, prefixLength: cidr.family === 4 ? 32 : 128 }
    if (allowed.covering(host)) return []
    return [
      {
        code: 'pair-address',
        severity: 'error',
        at,
        width: value.length,
        message: `${to.file} does not allow ${cidr.address} from this peer: it drops what comes from here`,
        hint: `add ${cidr.address}/${host.prefixLength} to AllowedIPs there`,
        related: [{ at: headerSpot(to, peer.section).at, message: 'the peer there' }],
      },
    ]
  })
}

const sameAddress = (one: Subject, other: Subject): Diagnostic[] => {
  const address = (text: string): string => text.replace(/\/.*/, '')
  const mine = new Map(one.settings.addresses.toReversed().map((each) => [address(each.value), each]))
  return other.settings.addresses.flatMap(({ value, at }): Diagnostic[] => {
    const twin = mine.get(address(value))
    if (!twin) return []
    const message = `${one.file} has the same address: neither side can reach the other`
    const related = [{ at: twin.at, message: 'the other one' }]
    return [{ code: 'pair-same-address', severity: 'error', at, width: value.length, message, related }]
  })
}

const samePresharedKey = (one: Subject, ours: LintPeer, other: Subject, theirs: LintPeer): Diagnostic[] => {
  const mine = lastValue([ours.section], 'presharedkey')
  const yours = lastValue([theirs.section], 'presharedkey')
  if (mine === yours) return []
  const what = mine === '' || yours === '' ? 'Only one side has a PresharedKey' : 'The PresharedKeys differ'
  return [
    {
      code: 'pair-preshared-key',
      severity: 'error',
      ...headerSpot(one, ours.section),
      message: `${what}: no handshake will succeed`,
      related: [{ at: headerSpot(other, theirs.section).at, message: 'the peer on the other side' }],
    },
  ]
}

/** An endpoint must name the port on which the other side listens. */
const portsMeet = (from: Subject, peer: LintPeer, to: Subject): Diagnostic[] => {
  const entry = entriesOf([peer.section], 'endpoint').at(-1)
  const named = /:([0-9]+)$/.exec(entry?.value.text ?? '')?.[1]
  if (!entry || named === undefined) return []
  const listens = lastValue(to.interfaces, 'listenport')
  const place = spot(from, entry, entry.value)
  if (listens === '') {
    const message = `${to.file} has no ListenPort: it listens at another port after every start`
    const hint = `add ListenPort = ${named} there`
    return [{ code: 'pair-port', severity: 'error', ...place, message, hint }]
  }
  const port = glibcPort()(listens)
  if (port === undefined || port === Number(named)) return []
  const message = `${to.file} listens at port ${port}, the endpoint names ${named}`
  const hint = 'right if a router between them forwards the port; else make them equal'
  return [{ code: 'pair-port', severity: 'warning', ...place, message, hint }]
}

const anyEndpoint = (one: Subject, ours: LintPeer, other: Subject, theirs: LintPeer): Diagnostic[] => {
  if (lastValue([ours.section], 'endpoint') !== '' || lastValue([theirs.section], 'endpoint') !== '')
    return []
  return [
    {
      code: 'pair-no-endpoint',
      severity: 'error',
      ...headerSpot(one, ours.section),
      message: `Neither this file nor ${other.file} has an Endpoint for the other: nobody can begin`,
      hint: 'add Endpoint = HOST:PORT on the side that can reach the other',
    },
  ]
}
