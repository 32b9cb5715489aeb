// SPDX-License-Identifier: MIT
import { createConnection, type Socket } from 'node:net'
import { LineSplitter } from './line-splitter.ts'
import { deviceError, earlyEndError } from './reply-error.ts'

/** Connects to a socket file. Rejects with the system's error. */
export const connectTo = (path: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = createConnection(path)
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })

/**
 * Sends one request and hands each line of the reply to `onLine`, up to the blank line; then closes the connection.
 * Rejects with `E_DEVICE`: `EPROTO` when the server closes early, else the name of the system's error.
 */
export const exchange = (socket: Socket, request: string, onLine: (line: string) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const lines = new LineSplitter(onLine)
    const fail = (error: unknown) => {
      socket.destroy()
      reject(error)
    }
    socket.on('data', (piece: Buffer) => {
      try {
        lines.push(piece)
      } catch (error) {
        fail(error)
        return
      }
      if (!lines.done) return
      socket.destroy()
      resolve()
    })
    // A server that refuses a request just closes; the write may notice that before the read does.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const closed = error.code === 'EPIPE' || error.code === 'ECONNRESET'
      fail(closed ? earlyEndError('the connection was closed') : deviceError(error.code ?? 'EIO', error))
    })
    socket.on('end', () => fail(earlyEndError('the reply ends before its blank line')))
    socket.write(request, 'latin1')
  })
