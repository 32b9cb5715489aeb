// SPDX-License-Identifier: MIT
// One UDP socket, remote-controlled: JSON lines in (datagrams to send), JSON lines out (received datagrams). argv:
// FAMILY ADDRESS PORT.
import { createSocket } from 'node:dgram'
import { createInterface } from 'node:readline'

const [family = '4', address = '0.0.0.0', port = '0'] = process.argv.slice(2)
const socket = family === '6' ? createSocket({ type: 'udp6', ipv6Only: true }) : createSocket('udp4')
const say = (line: unknown): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

socket.on('message', (data, from) => {
  say({
    atMs: performance.now() + performance.timeOrigin,
    data: data.toString('base64'),
    from: { address: from.address, port: from.port },
  })
})
socket.on('error', (error) => say({ error: error.message }))
socket.bind(Number(port), address, () => {
  socket.setRecvBufferSize(4 << 20)
  socket.setSendBufferSize(4 << 20)
  say({ bound: socket.address() })
})

interface Order {
  readonly to: { readonly address: string; readonly port: number }
  readonly datagrams: readonly string[]
}
createInterface({ input: process.stdin })
  .on('line', (line) => {
    const { to, datagrams } = JSON.parse(line) as Order
    for (const data of datagrams) socket.send(Buffer.from(data, 'base64'), to.port, to.address, () => {})
  })
  .on('close', () => process.exit(0))
