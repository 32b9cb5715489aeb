// SPDX-License-Identifier: MIT
// Accepts one TCP connection, hashes the received data, prints {bytes, sha256}. argv: ADDRESS; prints the port first.
import { createHash } from 'node:crypto'
import { type AddressInfo, createServer } from 'node:net'

const server = createServer((socket) => {
  const hash = createHash('sha256')
  let bytes = 0
  socket.on('data', (chunk) => {
    hash.update(chunk)
    bytes += chunk.length
  })
  socket.on('error', () => process.exit(1))
  socket.on('end', () => {
    process.stdout.write(`${JSON.stringify({ bytes, sha256: hash.digest('hex') })}\n`)
    socket.end()
    server.close()
  })
})
server.listen(0, process.argv[2], () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})
