// SPDX-License-Identifier: MIT
import { type FSWatcher, mkdirSync, statSync, unlinkSync, watch } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { WgqError } from '@wgq/model/error'
import { Connections } from './connections.ts'
import { serveConnection, Turns } from './server-connection.ts'
import type { ServedDevice } from './server-device.ts'

/** Where sockets are unless set otherwise. */
const defaultSocketDirectory = '/var/run/wireguard'

/** How a configuration socket is opened. */
export interface UapiServerOptions {
  readonly device: ServedDevice
  /** Interface name; the socket is DIRECTORY/NAME.sock. */
  readonly name: string
  readonly directory?: string
  /** A listening descriptor to use instead (WG_UAPI_FD). */
  readonly fd?: number
  /** Called once when the socket file was removed or replaced: the interface must be removed. */
  readonly onRemoved: () => void
  /** A request that was refused, for the log; never holds a key. */
  readonly onRefusal: (error: Error) => void
}

/** An open configuration socket. */
export interface UapiServer {
  readonly path: string
  /** Stops listening and removes the socket file. */
  close(): void
}

/**
 * Listens for `wg` on a socket only the owner may use (directory 0755, umask 077). A socket file that nobody answers is
 * taken over. Raises `E_UAPI_IN_USE` when another daemon answers, `E_UAPI_SOCKET` with `errno` otherwise.
 */
export const listenUapi = async (options: UapiServerOptions): Promise<UapiServer> => {
  const directory = options.directory ?? defaultSocketDirectory
  const path = join(directory, `${options.name}.sock`)
  const connections = new Connections()
  const together = { ...options, turns: new Turns(), connections }
  const server = createServer({ allowHalfOpen: true }, (socket) => serveConnection(socket, together))
  const sweeping = setInterval(() => connections.sweep(), sweepMs).unref()
  if (options.fd !== undefined) await listen(server, { fd: options.fd }, path)
  else {
    try {
      mkdirSync(directory, { recursive: true, mode: 0o755 })
    } catch (cause) {
      throw socketError(path, cause)
    }
    await listenOnPath(server, path)
  }
  server.on('error', () => undefined)
  const isOurs = options.fd === undefined || inode(path) !== undefined
  const stopWatching = isOurs ? watchRemoval(directory, path, options.onRemoved) : () => undefined
  return {
    path,
    close: () => {
      stopWatching()
      clearInterval(sweeping)
      server.close()
      if (options.fd === undefined) remove(path)
    },
  }
}

// --- internal ---

/** How often connections whose time is over are ended. */
const sweepMs = 2500

const listenOnPath = async (server: Server, path: string): Promise<void> => {
  try {
    await listen(server, { path }, path)
  } catch (error) {
    if ((error as WgqError).errno !== 'EADDRINUSE') throw error
    if (await answers(path))
      throw new WgqError('E_UAPI_IN_USE', `The socket ${path} is in use by another process`, {
        hint: `end that process, or choose another interface name`,
        errno: 'EADDRINUSE',
      })
    remove(path)
    await listen(server, { path }, path)
  }
}

const listen = (server: Server, where: { path: string } | { fd: number }, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const failed = (cause: Error) => reject(socketError(path, cause))
    server.once('error', failed)
    // The socket is bound inside listen(), so the mask need not outlive the call.
    const mask = process.umask(0o077)
    try {
      server.once('listening', () => {
        server.off('error', failed)
        resolve()
      })
      if ('fd' in where) server.listen(where)
      else listenAlone(server, where.path)
    } finally {
      process.umask(mask)
    }
  })

/**
 * listen() without asking node:cluster, which nothing here is part of and which brings node:child_process along: 4 ms at
 * each start. The name is that of old releases of Node, kept there for other programs; without it, listen() does.
 */
const listenAlone = (server: Server, path: string): void => {
  const { _listen2 } = server as {
    _listen2?: (path: string, port: number, type: number, backlog: number) => void
  }
  if (_listen2) _listen2.call(server, path, -1, -1, backlog)
  else server.listen({ path })
}

/** What listen() takes where it is not told. */
const backlog = 511

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    // Anything but a refusal (EACCES, EAGAIN …) means that somebody may be there.
    probe.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    )
  })

const socketError = (path: string, cause: unknown): WgqError => {
  const errno = (cause as NodeJS.ErrnoException).code
  return new WgqError('E_UAPI_SOCKET', `Cannot listen on ${path}: ${(cause as Error).message}`, {
    cause,
    ...(errno === undefined ? {} : { errno }),
  })
}

const remove = (path: string): void => {
  try {
    unlinkSync(path)
  } catch {
    // gone already
  }
}

const inode = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.ino

/** Calls back when the file is gone or another. Watches the directory; where that is impossible, looks every second, and
 *  every ten in any case: watches are lost with the file system they were on. */
const watchRemoval = (directory: string, path: string, onRemoved: () => void): (() => void) => {
  const mine = inode(path)
  let watcher: FSWatcher | undefined
  let timer: NodeJS.Timeout | undefined
  const stop = () => {
    watcher?.close()
    clearInterval(timer)
  }
  const look = () => {
    if (inode(path) === mine) return
    stop()
    onRemoved()
  }
  // Somebody who was quick removed it already.
  if (mine === undefined) {
    setImmediate(onRemoved)
    return stop
  }
  const poll = (everyMs: number) => {
    clearInterval(timer)
    timer = setInterval(look, everyMs).unref()
  }
  try {
    watcher = watch(directory, { persistent: false }, look)
    watcher.on('error', () => poll(1000))
    poll(10_000)
  } catch {
    poll(1000)
  }
  return stop
}
