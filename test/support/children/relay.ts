// SPDX-License-Identifier: MIT
// Relays datagrams between a near side and a far side and drops, delays or repeats some. argv: one JSON {@link
// RelayOrder}; prints "ready", and a JSON object with counts on SIGTERM.
import { createSocket, type Socket } from 'node:dgram'

export interface RelayOrder {
  /** The address that the near daemon sends to, and the daemon's own. */
  readonly near: { readonly address: string; readonly port: number; readonly daemonPort: number }
  /** The address from which datagrams go to the far daemon, and the daemon's own. */
  readonly far: {
    readonly address: string
    readonly port: number
    readonly daemon: string
    readonly daemonPort: number
  }
  /** Chances between 0 and 1. */
  readonly loss?: number
  readonly duplicate?: number
  readonly reorder?: number
  /** Delay of a datagram, and the additional delay of an overtaken one. */
  readonly delayMs?: number
  readonly reorderMs?: number
  /** Every datagram to the far side arrives a second time, later and from another port. */
  readonly replay?: boolean
}

const order = JSON.parse(process.argv[2] ?? '{}') as RelayOrder
const near = createSocket('udp4')
const far = createSocket('udp4')
const stranger = createSocket('udp4')
const counts = { carried: 0, lost: 0, duplicated: 0, reordered: 0, replayed: 0 }

// A fixed sequence, so that a failure can be repeated (Numerical Recipes' linear congruence).
let state = 1
const chance = (share = 0): boolean => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return state / 2 ** 32 < share
}

const carry = (out: Socket, data: Buffer, port: number, address: string): void => {
  if (chance(order.loss)) {
    counts.lost++
    return
  }
  const late = chance(order.reorder)
  if (late) counts.reordered++
  const delay = (order.delayMs ?? 0) + (late ? (order.reorderMs ?? 5) : 0)
  const send = () => out.send(data, port, address, () => {})
  if (delay) setTimeout(send, delay)
  else send()
  counts.carried++
  if (chance(order.duplicate)) {
    counts.duplicated++
    setTimeout(send, delay)
  }
}

near.on('message', (data) => {
  carry(far, data, order.far.daemonPort, order.far.daemon)
  if (!order.replay) return
  counts.replayed++
  setTimeout(() => stranger.send(data, order.far.daemonPort, order.far.daemon, () => {}), 30)
})
far.on('message', (data) => carry(near, data, order.near.daemonPort, order.near.address))

for (const socket of [near, far, stranger]) socket.on('error', () => {})
near.bind(order.near.port, order.near.address, () => {
  far.bind(order.far.port, order.far.address, () => {
    stranger.bind(0, order.far.address, () => {
      for (const socket of [near, far]) socket.setRecvBufferSize(4 << 20)
      process.stdout.write('ready\n')
    })
  })
})
process.on('SIGTERM', () => {
  process.stdout.write(`${JSON.stringify(counts)}\n`, () => process.exit(0))
})
