// SPDX-License-Identifier: MIT
// Floods a port with handshake initiations. argv: one JSON object, {@link FloodOrder}; prints one JSON object at the end.
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { readCookie, writeMacs } from '../noise.ts'

export interface FloodOrder {
  readonly from: string
  readonly to: string
  readonly port: number
  /** Random bytes; or random bytes with a correct mac1; or with mac2 too, once a cookie was received. */
  readonly kind: 'noise' | 'mac1' | 'mac2'
  readonly publicKeyHex: string
  readonly perSecond: number
  readonly seconds: number
}

export interface FloodReport {
  readonly sent: number
  readonly cookies: number
  readonly badCookies: number
  readonly responses: number
  readonly others: number
}

const order = JSON.parse(process.argv[2] ?? '{}') as FloodOrder
const publicKey = Buffer.from(order.publicKeyHex, 'hex')
const socket = createSocket(order.to.includes(':') ? 'udp6' : 'udp4')
const report = { sent: 0, cookies: 0, badCookies: 0, responses: 0, others: 0 }

const make = (cookie?: Buffer): Buffer => {
  const message = randomBytes(148)
  message.writeUInt32LE(1)
  return order.kind === 'noise' ? message : writeMacs(message, publicKey, cookie)
}
// Repeats a thousand different messages: building them must not limit the rate.
let stock = Array.from({ length: 1_000 }, () => make())
const byIndex = () => new Map(stock.map((message) => [message.readUInt32LE(4), message]))
let sentBy = byIndex()
let signed = false

socket.on('message', (reply) => {
  const type = reply.length >= 4 ? reply.readUInt32LE() : 0
  if (type === 2) report.responses++
  else if (type !== 3) report.others++
  else {
    report.cookies++
    if (report.cookies > 20 && (signed || order.kind !== 'mac2')) return
    const asked = sentBy.get(reply.readUInt32LE(4))
    const cookie = asked && readCookie(reply, publicKey, asked.subarray(116, 132))
    if (!cookie) report.badCookies++
    else if (order.kind === 'mac2' && !signed) {
      signed = true
      stock = stock.map(() => make(cookie))
      sentBy = byIndex()
    }
  }
})

socket.bind(0, order.from, () => {
  const startMs = performance.now()
  const tick = (): void => {
    const elapsed = (performance.now() - startMs) / 1_000
    if (elapsed > order.seconds) {
      setTimeout(() => {
        process.stdout.write(`${JSON.stringify(report)}\n`)
        process.exit(0)
      }, 200)
      return
    }
    // At most 200 at a time, so that replies are read in between.
    for (let i = 0; i < 200 && report.sent < elapsed * order.perSecond; i++) {
      socket.send(stock[report.sent % stock.length] as Buffer, order.port, order.to, () => {})
      report.sent++
    }
    setImmediate(tick)
  }
  tick()
})
