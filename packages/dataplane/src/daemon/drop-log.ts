// SPDX-License-Identifier: MIT
import type { DeviceLog } from '../device/dependencies.ts'

const everyMs = 5_000

/** Logs every five seconds why packets were dropped: the engine only counts them. Returns a function that stops it. */
export const logDrops = (counters: () => Readonly<Record<string, number>>, log: DeviceLog): (() => void) => {
  let before = counters()
  const timer = setInterval(() => {
    const now = counters()
    for (const [name, text] of Object.entries(dropTexts)) {
      const more = (now[name] ?? 0) - (before[name] ?? 0)
      if (more > 0) log.debug(() => `${text}: ${more} times`)
    }
    before = now
  }, everyMs).unref()
  return () => clearInterval(timer)
}

/** Meaning of the engine's counters, in the words of the BSD manuals where those have them. */
const dropTexts: Readonly<Record<string, string>> = {
  badMac1: 'Handshake message with an invalid MAC, dropping packet',
  rateLimited: 'Handshake messages come too fast, dropping packet',
  cookiesSent: 'Under load, a cookie was demanded',
  handshakesOverflowed: 'Handshake queue is full, dropping packet',
  unknownIndex: 'Packet for an unknown session',
  expiredKey: 'Packet for an expired session',
  badTag: 'Packet could not be authenticated',
  replayed: 'Packet was received before or is too old',
  innerRefused: "Packet has a source address outside the peer's allowed IPs",
  innerMalformed: 'Packet holds no IP packet',
  noPeer: 'No peer has an allowed IP matching the destination',
  noEndpoint: 'The peer has no known endpoint',
  loop: 'The tunnel is routed into itself, dropping packet',
  stagedDropped: 'Waiting packets were dropped',
}
