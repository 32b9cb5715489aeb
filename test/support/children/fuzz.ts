// SPDX-License-Identifier: MIT
// Sends random and damaged datagrams to a port. argv: ADDRESS PORT COUNT, then messages in hex to damage; prints the count
// of replies when done.
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'

const [address = '', port = '0', count = '0', ...seeds] = process.argv.slice(2)
const messages = seeds.map((text) => Buffer.from(text, 'hex'))
const total = Number(count)
const socket = createSocket('udp4')
let replies = 0
let sent = 0
socket.on('message', () => {
  replies++
})

const random = (n: number): number => Math.floor(Math.random() * n)
const make = (): Buffer => {
  const seed = messages[random(messages.length * 2)]
  if (!seed) {
    const one = randomBytes(random(10) ? random(256) : random(65_000))
    if (one.length >= 4 && random(4)) one.writeUInt32LE(random(6))
    return one
  }
  const one = Buffer.from(seed)
  for (let i = random(4); i >= 0; i--) one[random(one.length)] = random(256)
  return random(5) ? one : one.subarray(0, random(one.length))
}

socket.bind(0, () => {
  const burst = (): void => {
    for (let i = 0; i < 100 && sent < total; i++, sent++) socket.send(make(), Number(port), address, () => {})
    if (sent < total) setImmediate(burst)
    else
      setTimeout(() => {
        process.stdout.write(`${replies}\n`)
        process.exit(0)
      }, 300)
  }
  burst()
})
