// SPDX-License-Identifier: MIT
import { createServer, type Server } from 'node:net'

/** What a fake daemon answers: the state behind `get=1`, or raw replies byte for byte. */
export interface FakeAnswers {
  /** Lines of a `get=1` reply without `errno`. */
  readonly state?: string
  /** The whole reply to `get=1`. */
  readonly getReply?: string
  /** The whole reply to `set=1`. */
  readonly setReply?: string
}

/** A userspace WireGuard daemon as far as `wg` can see: records every request and sends the given answers. */
export class FakeUapi {
  /** All bytes that clients sent, in order. */
  received = ''
  connections = 0
  private readonly server: Server

  constructor(answers: FakeAnswers = {}) {
    const getReply = answers.getReply ?? `${answers.state ?? ''}errno=0\n\n`
    const setReply = answers.setReply ?? 'errno=0\n\n'
    this.server = createServer((socket) => {
      this.connections++
      let request = ''
      socket.on('error', () => {})
      socket.on('data', (piece) => {
        request += piece.toString('latin1')
        if (!request.endsWith('\n\n')) return
        this.received += request
        const reply = request.startsWith('get=1\n') ? getReply : setReply
        request = ''
        if (reply.endsWith('\n\n')) socket.write(reply, 'latin1')
        else socket.end(reply, 'latin1')
      })
    })
  }

  /** Listens on a socket file. */
  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject)
      this.server.listen(path, resolve)
    })
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve())
    })
  }
}
