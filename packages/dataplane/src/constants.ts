// SPDX-License-Identifier: MIT

// Times of the protocol, in milliseconds (spec protocol §4.3, §7).

/** An initiator asks for a new session when it sends with a key older than this. */
export const rekeyAfterMs = 120_000
/** A key older than this neither sends nor receives. */
export const rejectAfterMs = 180_000
/** Between two initiations of ours to one peer, and before an answer is given up. */
export const rekeyTimeoutMs = 5_000
/** How long an unanswered handshake is repeated. */
const rekeyAttemptMs = 90_000
/** Data that was received is acknowledged by an empty packet after this much silence of ours. */
export const keepaliveTimeoutMs = 10_000
/** Data that stays unanswered this long asks for a new handshake. */
export const newHandshakeMs = keepaliveTimeoutMs + rekeyTimeoutMs
/** Added at random to retransmissions and new handshakes, so that peers do not synchronise. */
export const mostJitterMs = 333
/** Retransmissions after the first initiation: attempts above this give up (20 initiations in all). */
export const mostAttempts = rekeyAttemptMs / rekeyTimeoutMs
/** Key material of a silent peer is wiped after this. */
export const zeroKeysAfterMs = 3 * rejectAfterMs
/** Initiations of one peer closer together than this are dropped: 50 a second. */
export const initiationSpacingMs = 20
/** Initiations of ours closer together than this could be refused: 20 ms of the rule above, or timestamps that are equal
 *  because they are whitened to 16.8 ms (spec protocol §5). */
export const ownInitiationGapMs = 40
/** A received cookie is used for this long; its maker changes its secret after 120 s. */
export const cookieUsableMs = 115_000
/** Peers a device may have. */
export const mostPeers = 2 ** 20

/** Default MTU of a new interface: 1500 minus 80 bytes of overhead (spec protocol §8). */
export const defaultMtu = 1420
