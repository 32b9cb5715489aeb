// SPDX-License-Identifier: MIT

import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { monotonicMs } from '@wgq/model/monotonic'
import { LineSplitter } from './line-splitter.ts'
import { deviceError, earlyEndError } from './reply-error.ts'

/** Connects to a socket file; waits while the queue of its listener is full. Rejects with the system's error. */
export const connectTo = async (path: string): Promise<Socket> => {
  const deadline = monotonicMs() + socketTimeoutMs()
  for (;;) {
    try {
      return await connectOnce(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || monotonicMs() > deadline) throw error
      await sleep(queuePauseMs)
    }
  }
}

const queuePauseMs = 10

const connectOnce = (path: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    // Loaded where a device has a socket: it takes milliseconds.
    const socket = process.getBuiltinModule('node:net').createConnection(path)
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })

/**
 * Sends one request and hands each line of the reply to `onLine`, up to the blank line; then closes the connection.
 * Rejects with `E_DEVICE`: `EPROTO` when the server closes early, `ETIMEDOUT` when it says nothing for `WGQ_SOCKET_TIMEOUT`
 * seconds (5; longer for a device of many peers, see `expected`: characters of a request or reply of that size), `EINTR` soon after a signal that ends the program, else the name of the system's error.
 */
export const exchange = (
  socket: Socket,
  request: string,
  onLine: (line: string) => void,
  expected = 0,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const lines = new LineSplitter(onLine)
    const patienceMs = socketTimeoutMs() + Math.max(request.length, expected) * msPerCharacter
    const stopWaiting = waitAtMost(socket, patienceMs, (errno) => fail(deviceError(errno)))
    const fail = (error: unknown) => {
      stopWaiting()
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
      stopWaiting()
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

// --- internal ---

/** A long request or reply takes a daemon its time: a second more for every 100 kB, about 500 peers. */
const msPerCharacter = 0.01
/** What a daemon in order needs to finish its answer when a signal came. */
const graceMs = 200
const endingSignals = ['SIGINT', 'SIGTERM'] as const

/** Seconds of `WGQ_SOCKET_TIMEOUT` as milliseconds; 5 s unless it is a positive number. */
const socketTimeoutMs = (): number => {
  const seconds = Number(process.env['WGQ_SOCKET_TIMEOUT'])
  return seconds > 0 && seconds < 1e6 ? seconds * 1000 : 5000
}

/** Calls `giveUp` after so long without news, or soon after a signal: who handles signals waits for us otherwise. Returns
 *  what ends the waiting. */
const waitAtMost = (socket: Socket, timeMs: number, giveUp: (errno: string) => void): (() => void) => {
  let grace: NodeJS.Timeout | undefined
  const onSignal = () => {
    grace ??= setTimeout(() => giveUp('EINTR'), graceMs)
  }
  socket.setTimeout(timeMs, () => giveUp('ETIMEDOUT'))
  // A signal that nobody handles ends the program, which a listener would prevent.
  const handled = endingSignals.filter((signal) => process.listenerCount(signal) > 0)
  for (const signal of handled) process.on(signal, onSignal)
  return () => {
    clearTimeout(grace)
    socket.setTimeout(0)
    for (const signal of handled) process.off(signal, onSignal)
  }
}
