// SPDX-License-Identifier: MIT
import { newHandshakeMs, rejectAfterMs, rekeyTimeoutMs } from '@wgq/dataplane/constants'
import type { Peer } from '@wgq/model/device'
import { formatEndpoint } from '@wgq/model/endpoint'
import type { PeerHealth } from '@wgq/uapi/client'
import type { Finding } from './finding.ts'

/** Maximum age of the last handshake of an active peer. */
const sessionSeconds = rejectAfterMs / 1000
const rekeySeconds = rekeyTimeoutMs / 1000
/** After this much silence a handshake has been tried and repeated once. */
const silentSeconds = (newHandshakeMs + rekeyTimeoutMs) / 1000
/** Size in bytes of the handshake messages and of an empty keepalive. */
const messageBytes = { initiation: 148n, response: 92n, keepalive: 32n }
/** Ignore smaller clock differences; they cause no noticeable problem. */
const clockSeconds = 3

/**
 * Reports why a peer has no session, from its counters and times; `nowSeconds` is the wall clock, `health` wgqd's data.
 */
export const checkHandshake = (
  peer: Peer,
  label: string,
  nowSeconds: number,
  health?: PeerHealth,
): Finding[] => [session(peer, label, nowSeconds, health), ...clock(peer, label, nowSeconds, health)]

const session = (peer: Peer, label: string, nowSeconds: number, health: PeerHealth | undefined): Finding => {
  const check = 'handshake'
  const seconds = Number(peer.lastHandshake.seconds)
  const age = nowSeconds - seconds
  if (seconds > 0 && age < 0)
    return {
      check,
      status: 'warning',
      message: `${label}: the last handshake lies ${-age} s in the future`,
      hint: 'The clock was set back; handshakes may be refused until the other side forgets the old time',
    }
  const silent = seconds > 0 ? silence(peer, age, health) : undefined
  if (silent !== undefined)
    return { check, status: 'problem', message: `${label}: ${silent}`, hint: unansweredHint(peer) }
  if (seconds > 0 && age < sessionSeconds)
    return { check, status: 'ok', message: `${label}: last handshake ${age} s ago` }
  if (seconds > 0)
    return {
      check,
      status: 'info',
      message: `${label}: last handshake ${age} s ago; the session has ended, the next packet starts a new one`,
    }
  if (!peer.endpoint)
    return {
      check,
      status: 'info',
      message: `${label}: no endpoint and no handshake: it waits for the other side to begin`,
      hint: 'Give it an Endpoint if this side has to begin',
    }
  if (peer.txBytes > 0n && peer.rxBytes === 0n)
    return {
      check,
      status: 'problem',
      message: `${label}: ${peer.txBytes} bytes sent to ${formatEndpoint(peer.endpoint)}, nothing ever came back`,
      hint: unansweredHint(peer),
    }
  if (peer.txBytes === 0n)
    return {
      check,
      status: 'info',
      message: `${label}: no handshake was tried yet; one starts with the first packet`,
      hint: 'Send a packet to an allowed IP, or set PersistentKeepalive',
    }
  return {
    check,
    status: 'warning',
    message: `${label}: packets come in but no handshake was completed`,
    hint: 'The keys do not match: compare both sides with `wgq show`',
  }
}

/** Describes evidence that a peer no longer answers; undefined if there is none. */
const silence = (peer: Peer, age: number, health: PeerHealth | undefined): string | undefined => {
  if (health && health.unansweredSeconds >= silentSeconds) {
    const tries = health.attempts > 0 ? ` (${health.attempts + 1} initiations without a response)` : ''
    return `bytes were sent and nothing came back for ${health.unansweredSeconds} s${tries}; last handshake ${age} s ago`
  }
  // A keepalive in an expired session starts a handshake, which is then repeated.
  if (peer.keepaliveSeconds > 0 && peer.endpoint && age > sessionSeconds + peer.keepaliveSeconds)
    return `no answer to about ${Math.max(1, Math.floor((age - sessionSeconds) / rekeySeconds))} initiations since the last handshake ${age} s ago, although PersistentKeepalive = ${peer.keepaliveSeconds} keeps asking`
  // Only the messages of one handshake arrived, no packet of the session.
  const onlyHandshake = peer.rxBytes === messageBytes.response || peer.rxBytes === messageBytes.initiation
  const sentData = peer.txBytes > messageBytes.initiation + 4n * messageBytes.keepalive
  return onlyHandshake && sentData && age >= silentSeconds
    ? `${peer.txBytes} bytes sent and none back since the handshake ${age} s ago`
    : undefined
}

const unansweredHint = (peer: Peer): string => {
  const port = peer.endpoint ? `UDP port ${peer.endpoint.port}` : 'the UDP port'
  return `Check that ${port} is open there and that both networks let UDP through, that the public keys and the preshared key match on both sides, and that both clocks are right`
}

/** The peer's clock as seen in its last handshake: a later handshake with an earlier time is refused as a replay. */
const clock = (_peer: Peer, label: string, nowSeconds: number, health: PeerHealth | undefined): Finding[] => {
  const ahead = health?.clockAheadSeconds ?? 0
  if (ahead < clockSeconds) return []
  const from = new Date((nowSeconds + ahead) * 1000)
  // A handshake carries 64 bits of seconds, which need not be a valid date.
  const again = Number.isNaN(from.getTime())
    ? 'is never accepted again'
    : `is accepted again from ${from.toISOString().replace(/\.\d+Z$/, 'Z')}`
  return [
    {
      check: 'clock',
      status: 'warning',
      message: `${label}: this key was used by a clock ${ahead} s ahead; another program or machine with it ${again}`,
      hint: 'Its handshakes look like replays; removing and adding the peer forgets the time',
    },
  ]
}
