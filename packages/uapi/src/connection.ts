// SPDX-License-Identifier: MIT
import { monotonicMs } from '@wgq/model/monotonic'

/** Events of a connection. `error` has `code`. */
export interface ConnectionListener {
  piece(bytes: Buffer): void
  /** The other side has finished writing. */
  end(): void
  error(error: NodeJS.ErrnoException): void
}

/** A connection to a daemon. */
export interface Connection {
  /** Sets the listener. Called once, before anything is sent; data that arrived earlier is not lost. */
  hear(listener: ConnectionListener): void
  /** Sends a text of ASCII characters, as fast as the daemon takes it. */
  send(text: string): void
  close(): void
}

/** Connects to a socket file once. Rejects with the system's error. */
export type Connect = (path: string) => Promise<Connection>

/** Connects to a socket file; waits while the listener's queue is full. Rejects with the system's error. */
export const connectPatiently = async <T>(once: (path: string) => Promise<T>, path: string): Promise<T> => {
  const deadline = monotonicMs() + socketTimeoutMs()
  for (;;) {
    try {
      return await once(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || monotonicMs() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, queuePauseMs))
    }
  }
}

/** Seconds of `WGQ_SOCKET_TIMEOUT` as milliseconds; 5 s unless it is a positive number. */
export const socketTimeoutMs = (): number => {
  const seconds = Number(process.env['WGQ_SOCKET_TIMEOUT'])
  return seconds > 0 && seconds < 1e6 ? seconds * 1000 : 5000
}

// --- internal ---

const queuePauseMs = 10
