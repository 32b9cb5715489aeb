// SPDX-License-Identifier: MIT
// Sends BYTES unpredictable bytes over TCP in chunks of uneven size, prints {bytes, sha256}. argv: ADDRESS PORT BYTES.
import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'

const [address = '', port = '0', bytes = '0'] = process.argv.slice(2)
const total = Number(bytes)
const stream = createCipheriv('aes-128-ctr', randomBytes(16), randomBytes(16))
const hash = createHash('sha256')
const sizes = [65_536, 1, 1_447, 1_448, 1_449, 262_144, 131_071]

const socket = connect({ host: address, port: Number(port), noDelay: true })
socket.on('error', () => process.exit(1))
main()

async function main(): Promise<void> {
  await once(socket, 'connect')
  let sent = 0
  for (let i = 0; sent < total; i++) {
    const chunk = stream.update(Buffer.alloc(Math.min(sizes[i % sizes.length] ?? 1, total - sent)))
    hash.update(chunk)
    sent += chunk.length
    if (!socket.write(chunk)) await once(socket, 'drain')
  }
  socket.end()
  // Half closed: once the far side closes too, it has received everything.
  socket.resume()
  await once(socket, 'close')
  process.stdout.write(`${JSON.stringify({ bytes: sent, sha256: hash.digest('hex') })}\n`)
}
