// SPDX-License-Identifier: MIT
import { type FSWatcher, mkdirSync, statSync, unlinkSync, watch } from 'node:fs'
import { join } from 'node:path'
import { WgqError } from '@wgq/model/error'
import { Connections } from './connections.ts'
import { DeviceTurns } from './device-turns.ts'
import { accessOf, grantGroup } from './server-access.ts'
import { type ServedTogether, ServerConnection } from './server-connection.ts'
import type { ServedDevice } from './server-device.ts'
import type { ListenStreams, Streams } from './streams.ts'

/** Where sockets are unless set otherwise. */
const defaultSocketDirectory = '/var/run/wireguard'

/** How to open a configuration socket. */
export interface UapiServerOptions {
  readonly device: ServedDevice
  readonly listenStreams: ListenStreams
  /** Interface name; the socket is DIRECTORY/NAME.sock. */
  readonly name: string
  readonly directory?: string
  /** A listening descriptor to use instead (WG_UAPI_FD). */
  readonly fd?: number
  /** A group whose members may read everything but keys; undefined: only the owner may connect. */
  readonly groupId?: number
  /** Called once when the socket file is removed or replaced, once it is watched: the interface must then be removed. */
  readonly onRemoved: () => void
  /** Logs a refused request; the error never holds a key. */
  readonly onRefusal: (error: Error) => void
}

/** An open configuration socket. */
export interface UapiServer {
  readonly path: string
  /** Watches the socket file from now on, and notices that it was removed before; to be called once. */
  watchRemoval(): void
  /** Stops listening and removes the socket file. */
  close(): void
}

/**
 * Listens for `wg` on a socket that only the owner may use (directory 0755, umask 077). A socket file without a
 * listener is replaced. Raises `E_UAPI_IN_USE` when another daemon answers, `E_UAPI_SOCKET` with `errno` otherwise.
 */
export const listenUapi = async (options: UapiServerOptions): Promise<UapiServer> => {
  const directory = options.directory ?? defaultSocketDirectory
  const path = join(directory, `${options.name}.sock`)
  if (options.fd === undefined)
    try {
      mkdirSync(directory, { recursive: true, mode: 0o755 })
    } catch (cause) {
      throw socketError(path, cause)
    }
  const service = new Service(options)
  if (options.fd === undefined) {
    await listenOnPath(service, path)
    if (options.groupId !== undefined) openToGroup(service, path, options.groupId)
  } else service.listen({ fd: options.fd }, path)
  const mine = inode(path)
  const isOurs = options.fd === undefined || mine !== undefined
  let stopWatching: (() => void) | undefined
  return {
    path,
    watchRemoval: () => {
      if (isOurs) stopWatching = watchRemoval(directory, path, mine, options.onRemoved)
    },
    close: () => {
      stopWatching?.()
      service.close()
      if (options.fd === undefined) remove(path)
    },
  }
}

// --- internal ---

/** Raises `E_UAPI_SOCKET`; the socket is then closed. */
const openToGroup = (service: Service, path: string, groupId: number): void => {
  try {
    grantGroup(path, groupId)
  } catch (cause) {
    service.close()
    remove(path)
    throw socketError(path, cause)
  }
}

/** Interval at which connections past their deadline are closed. */
const sweepMs = 2500

/** Connections to accept in a row before open connections are served. */
const mostAtOnce = 64

/** Pause in accepting when no descriptor is free and no connection can be closed. */
const outOfDescriptorsMs = 500

/** The listening socket with its connections. */
class Service {
  private readonly options: UapiServerOptions
  private readonly connections = new Connections()
  private readonly open = new Map<number, ServerConnection>()
  private readonly sweeping: NodeJS.Timeout
  private streams: Streams | undefined
  private together: ServedTogether | undefined
  /** A group may connect, or could at some time: its members may only read. */
  private membersRead: boolean

  constructor(options: UapiServerOptions) {
    this.options = options
    this.membersRead = options.groupId !== undefined
    this.sweeping = setInterval(() => this.connections.sweep(), sweepMs).unref()
  }

  listen(where: { path: string } | { fd: number }, path: string): void {
    const { device, listenStreams, onRefusal } = this.options
    let listening: Streams
    const mask = process.umask(0o077)
    try {
      listening = listenStreams(where, (stream) => {
        if (stream === 0) this.takeIn()
        else this.open.get(stream)?.ready()
      })
    } catch (cause) {
      throw socketError(path, cause)
    } finally {
      process.umask(mask)
    }
    this.streams = listening
    this.together = {
      device,
      streams: listening,
      turns: new DeviceTurns(device, onRefusal),
      connections: this.connections,
      accessOf: (stream) => (this.membersRead ? accessOf(listening.user(stream)) : 'all'),
      members: (change) => {
        this.membersRead ||= change === 'read'
        return this.membersRead ? 'read' : 'all'
      },
      onRefusal,
      onClosed: (stream) => this.open.delete(stream),
    }
  }

  close(): void {
    clearInterval(this.sweeping)
    this.connections.close()
    this.streams?.closeAll()
    this.streams = undefined
  }

  // --- internal ---

  private takeIn(): void {
    for (let i = 0; i < mostAtOnce; i++) {
      const stream = this.next()
      if (stream === 0 || !this.together) return
      const connection = new ServerConnection(stream, this.together)
      this.open.set(stream, connection)
      connection.begin()
    }
  }

  /** Accepts the next connection, closing the quietest one if no descriptor is left; 0 if none is waiting. */
  private next(): number {
    const { streams } = this
    if (!streams) return 0
    for (;;)
      try {
        return streams.accept()
      } catch (error) {
        if (this.connections.endQuietest()) continue
        this.options.onRefusal(error as Error)
        streams.acceptMore(false)
        setTimeout(() => this.streams?.acceptMore(true), outOfDescriptorsMs).unref()
        return 0
      }
  }
}

const listenOnPath = async (service: Service, path: string): Promise<void> => {
  try {
    service.listen({ path }, path)
  } catch (error) {
    if ((error as WgqError).errno !== 'EADDRINUSE') throw error
    if (await answers(path))
      throw new WgqError('E_UAPI_IN_USE', `The socket ${path} is in use by another process`, {
        hint: `end that process, or choose another interface name`,
        errno: 'EADDRINUSE',
      })
    remove(path)
    service.listen({ path }, path)
  }
}

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    // Loaded only if a socket file exists: it takes milliseconds.
    const probe = process.getBuiltinModule('node:net').connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    // Any error but a refusal (EACCES, EAGAIN …) means that there may be a listener.
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

/**
 * Calls `onRemoved` when the file `mine` is removed or replaced. Watches the directory, or checks every second if that is
 * impossible; also checks every ten seconds, because a watch is lost with its file system.
 */
const watchRemoval = (
  directory: string,
  path: string,
  mine: number | undefined,
  onRemoved: () => void,
): (() => void) => {
  let watcher: FSWatcher | undefined
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const stop = () => {
    stopped = true
    watcher?.close()
    clearInterval(timer)
  }
  const look = () => {
    if (stopped || (mine !== undefined && inode(path) === mine)) return
    stop()
    onRemoved()
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
  // It may have been removed before.
  setImmediate(look)
  return stop
}
