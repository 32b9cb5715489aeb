// SPDX-License-Identifier: MIT
import { type Connection, socketTimeoutMs } from './connection.ts'
import { LineSplitter } from './line-splitter.ts'
import { deviceError, earlyEndError } from './reply-error.ts'

/**
 * Sends one request and hands each line of the reply to `onLine`, up to the blank line; then closes the connection.
 * Rejects with `E_DEVICE`: `EPROTO` when the server closes early, `ETIMEDOUT` when it sends nothing for
 * `WGQ_SOCKET_TIMEOUT` seconds (5; longer for many peers: `expected` is the size of the request or reply in
 * characters), `EINTR` soon after a signal that ends the program, else the name of the system's error.
 */
export const exchange = (
  connection: Connection,
  request: string,
  onLine: (line: string) => void,
  expected = 0,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const lines = new LineSplitter(onLine)
    const patienceMs = socketTimeoutMs() + Math.max(request.length, expected) * msPerCharacter
    const waiting = waitAtMost(patienceMs, (errno) => fail(deviceError(errno)))
    const fail = (error: unknown) => {
      waiting.end()
      connection.close()
      reject(error)
    }
    connection.hear({
      piece: (bytes) => {
        waiting.refresh()
        try {
          lines.push(bytes)
        } catch (error) {
          fail(error)
          return
        }
        if (!lines.done) return
        waiting.end()
        connection.close()
        resolve()
      },
      // A server that refuses a request just closes; the write may notice that before the read does.
      error: (error) => {
        const closed = error.code === 'EPIPE' || error.code === 'ECONNRESET'
        fail(closed ? earlyEndError('the connection was closed') : deviceError(error.code ?? 'EIO', error))
      },
      end: () => fail(earlyEndError('the reply ends before its blank line')),
    })
    connection.send(request)
  })

// --- internal ---

/** A long request or reply takes a daemon longer: one more second for every 100 kB, about 500 peers. */
const msPerCharacter = 0.01
/** Time for a working daemon to finish its answer after a signal. */
const graceMs = 200
const endingSignals = ['SIGINT', 'SIGTERM'] as const

/**
 * Calls `giveUp` after `timeMs` without data, or soon after a signal: the signal's handler would wait for us otherwise.
 */
const waitAtMost = (
  timeMs: number,
  giveUp: (errno: string) => void,
): { readonly refresh: () => void; readonly end: () => void } => {
  let grace: NodeJS.Timeout | undefined
  const onSignal = () => {
    grace ??= setTimeout(() => giveUp('EINTR'), graceMs)
  }
  const silence = setTimeout(() => giveUp('ETIMEDOUT'), timeMs)
  // An unhandled signal ends the program; a listener here would prevent that.
  const handled = endingSignals.filter((signal) => process.listenerCount(signal) > 0)
  for (const signal of handled) process.on(signal, onSignal)
  return {
    refresh: () => {
      silence.refresh()
    },
    end: () => {
      clearTimeout(silence)
      clearTimeout(grace)
      for (const signal of handled) process.off(signal, onSignal)
    },
  }
}
