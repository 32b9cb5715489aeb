// SPDX-License-Identifier: MIT
// Plays many peers that shake hands with one daemon. argv: one JSON object, {@link InitiatorsOrder}; prints one JSON
// object at the end, {@link InitiatorsReport}. A single process without a parent in between, so that the daemon is the
// bottleneck.
import { createSocket } from 'node:dgram'
import { initiate, initiatorKeys, messageType, tai64n } from '../noise.ts'

export interface InitiatorsOrder {
  readonly from: string
  readonly to: string
  readonly port: number
  /** Of the daemon. */
  readonly publicKeyHex: string
  /** The seed of the peers' keys ({@link initiatorKeys}). */
  readonly seed: string
  readonly peers: number
  /** Handshakes of each peer. */
  readonly rounds: number
  /** Most initiations that are sent and not yet answered. */
  readonly underWay: number
  /** From an answer to the next initiation. */
  readonly pauseMs: number
}

export interface InitiatorsReport {
  readonly answered: number
  /** From the first initiation to the last answer. */
  readonly seconds: number
}

/** An initiation without an answer by then is lost. */
const lostAfterMs = 1_000

const order = JSON.parse(process.argv[2] ?? '{}') as InitiatorsOrder
const publicKey = Buffer.from(order.publicKeyHex, 'hex')
const keys = initiatorKeys(order.seed, order.peers)
// Built in advance, to measure only the daemon's work.
const messages = Array.from({ length: order.rounds }, (_, round) =>
  keys.map((own, i) => {
    const timestamp = tai64n(BigInt(1_700_000_000 + round) * 10n ** 9n)
    return initiate(own, publicKey, { timestamp, localIndex: round * order.peers + i }).message
  }),
).flat()

const socket = createSocket('udp4')
const sentMs = new Map<number, number>()
let next = 0
let answered = 0
let startMs = 0
let lastMs = 0

const send = (): void => {
  const message = messages[next++]
  if (!message) return
  sentMs.set(message.readUInt32LE(4), performance.now())
  socket.send(message, order.port, order.to)
}
const proceed = (): void => {
  if (order.pauseMs > 0) setTimeout(send, order.pauseMs)
  else send()
}
const end = (): void => {
  const report: InitiatorsReport = { answered, seconds: (lastMs - startMs) / 1_000 }
  process.stdout.write(JSON.stringify(report), () => process.exit(0))
}

socket.on('message', (reply) => {
  if (reply.readUInt32LE() !== messageType.response || !sentMs.delete(reply.readUInt32LE(8))) return
  answered++
  lastMs = performance.now()
  if (answered === messages.length) end()
  else proceed()
})

socket.bind(0, order.from, () => {
  startMs = performance.now()
  for (let i = 0; i < order.underWay; i++) send()
  setInterval(() => {
    for (const [index, at] of sentMs)
      if (performance.now() - at > lostAfterMs) {
        sentMs.delete(index)
        proceed()
      }
    if (next >= messages.length && sentMs.size === 0) end()
  }, 100)
})
