// SPDX-License-Identifier: MIT

// Time constants of the protocol, in milliseconds (spec protocol §4.3, §7).

/** An initiator starts a new session when it sends with a key older than this. */
export const rekeyAfterMs = 120_000
/** A key older than this is used neither to send nor to receive. */
export const rejectAfterMs = 180_000
/** Minimum time between two of our initiations to one peer, and how long we wait for an answer. */
export const rekeyTimeoutMs = 5_000
/** How long an unanswered handshake is retried. */
const rekeyAttemptMs = 90_000
/** Received data is acknowledged by an empty packet after we have sent nothing for this long. */
export const keepaliveTimeoutMs = 10_000
/** Data unanswered for this long triggers a new handshake. */
export const newHandshakeMs = keepaliveTimeoutMs + rekeyTimeoutMs
/** Largest random delay added to retransmissions and new handshakes, so that peers do not synchronise. */
export const mostJitterMs = 333
/** Limit of the retransmission counter: a count above this gives up (20 initiations in all). */
export const mostAttempts = rekeyAttemptMs / rekeyTimeoutMs
/** Key material of a silent peer is wiped after this time. */
export const zeroKeysAfterMs = 3 * rejectAfterMs
/** A peer could refuse our initiations if they are closer together than this: because it drops what comes within 20 ms, or because their
 *  timestamps are equal after whitening to 16.8 ms (spec protocol §5). */
export const ownInitiationGapMs = 40
/** Maximum number of peers of a device. */
export const mostPeers = 2 ** 20

/** Default MTU of a new interface: 1500 minus 80 bytes of overhead (spec protocol §8). */
export const defaultMtu = 1420
