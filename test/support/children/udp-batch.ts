// SPDX-License-Identifier: MIT
// Sends UDP datagrams of given sizes in bursts; the receiver checks every byte and acknowledges each burst. argv:
// receive ADDRESS | send ADDRESS PORT FIRST LAST STEP BURST; the receiver prints its port, then its result.
import { createSocket } from 'node:dgram'
import type { AddressInfo } from 'node:net'

const [role, address = '', port = '0', ...numbers] = process.argv.slice(2)
const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
const fill = (data: Buffer, index: number): void => {
  for (let i = 0; i < data.length; i++) data[i] = (index * 31 + i * 7 + (i >> 8)) & 255
}

if (role === 'receive') {
  let index = 0
  let wrong = 0
  let disorder = 0
  socket.on('message', (data, from) => {
    if (data.length === 0) {
      process.stdout.write(`${JSON.stringify({ received: index, wrong, disorder })}\n`)
      socket.close()
      return
    }
    // The last four bytes of a datagram are its number, if it is long enough; otherwise its size gives the order.
    const said = data.length >= 8 ? data.readUInt32BE(data.length - 4) : index
    if (said !== index) disorder++
    const expected = Buffer.alloc(data.length)
    fill(expected, said)
    if (data.length >= 8) expected.writeUInt32BE(said, data.length - 4)
    if (!expected.equals(data)) wrong++
    index = said + 1
    socket.send(String(index), from.port, from.address)
  })
  socket.bind(0, address, () => {
    socket.setRecvBufferSize(8 << 20)
    process.stdout.write(`${(socket.address() as AddressInfo).port}\n`)
  })
} else {
  const [first = 1, last = 1, step = 1, burst = 1] = numbers.map(Number)
  let index = 0
  let size = first
  let lost = 0
  let waiting: NodeJS.Timeout | undefined
  const next = (): void => {
    clearTimeout(waiting)
    if (size > last) {
      process.stdout.write(`${JSON.stringify({ sent: index, lost })}\n`)
      socket.send('', Number(port), address, () => socket.close())
      return
    }
    for (let i = 0; i < burst && size <= last; i++, size += step) {
      const data = Buffer.alloc(size)
      fill(data, index)
      if (size >= 8) data.writeUInt32BE(index, size - 4)
      index++
      socket.send(data, Number(port), address)
    }
    waiting = setTimeout(() => {
      lost++
      next()
    }, 2_000)
  }
  socket.on('message', (text) => {
    if (Number(text.toString()) >= index) next()
  })
  socket.bind(0, () => {
    socket.setSendBufferSize(8 << 20)
    next()
  })
}
