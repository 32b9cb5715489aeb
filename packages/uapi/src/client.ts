// SPDX-License-Identifier: MIT
import { readdirSync, statSync, unlinkSync } from 'node:fs'
import { derivePublicKey } from '@wgq/keys/derive'
import type { Device, DeviceAccess, DeviceChange } from '@wgq/model/device'
import { systemErrnoName } from '@wgq/model/errno'
import { isWgqError } from '@wgq/model/error'
import { type Key, keyFromHex } from '@wgq/model/key'
import { changesForBoringtun } from './boringtun.ts'
import { changeInWords, closedConnection } from './closed-connection.ts'
import { type Connect, type Connection, connectPatiently } from './connection.ts'
import { asMeant } from './dialect.ts'
import { exchange } from './exchange.ts'
import { GetReplyReader } from './get-reply.ts'
import { connectByNet } from './net-connection.ts'
import { deviceError, endedEarly } from './reply-error.ts'
import type { ServedPeerHealth } from './server-device.ts'
import { SetReplyReader } from './set-reply.ts'
import { formatSetRequest } from './set-request.ts'

/** wgqd's information about a peer beyond the protocol. */
export type PeerHealth = Omit<ServedPeerHealth, 'publicKey'>

const suffix = '.sock'

/** How to reach and read the devices. */
interface UapiOptions {
  /** Computes public keys; the caller may have a function that starts faster than node:crypto. */
  readonly derive?: (privateKey: Key) => Key
  /** Read replies exactly as `wg` does; otherwise correct known deviations of daemons from the protocol. */
  readonly exact?: boolean
  /** Approximate size of the device's configuration in characters. */
  readonly expected?: number
  /** Connects to a socket file; by node:net unless given. */
  readonly connect?: Connect
  /** Names whose daemon is known to follow the protocol, so that it need not be identified. */
  readonly ours?: ReadonlySet<string>
}

/** WireGuard devices driven by userspace daemons, each with a socket in one directory (spec wg §11, §12). */
export class UapiDevices implements DeviceAccess {
  private readonly directory: string
  private readonly derive: (privateKey: Key) => Key
  private readonly exact: boolean
  private readonly connectOnce: Connect
  private readonly ours: ReadonlySet<string>
  /** Characters of the largest exchange; the timeout for an answer depends on it. */
  private largest: number
  /** What {@link answers} has opened: the request that usually follows in the same turn need not connect again. */
  private opened: { readonly name: string; readonly connection: Connection } | undefined

  constructor(
    directory = '/var/run/wireguard',
    { derive = derivePublicKey, exact = false, expected = 0, connect = connectByNet, ours }: UapiOptions = {},
  ) {
    this.directory = directory
    this.derive = derive
    this.exact = exact
    this.connectOnce = connect
    this.ours = ours ?? new Set()
    this.largest = expected
  }

  /** Names whose sockets answer, in the order of the directory; a missing directory means none. */
  async list(): Promise<string[]> {
    const names: string[] = []
    for (const entry of this.entries()) {
      if (!entry.endsWith(suffix) || entry.length === suffix.length) continue
      const name = entry.slice(0, -suffix.length)
      if (await this.answers(name)) names.push(name)
    }
    return names
  }

  /**
   * Returns whether a daemon serves this name. A socket without a listener is removed; one without access (`EACCES`)
   * counts as served, so that the operation itself reports why it fails.
   */
  async answers(name: string): Promise<boolean> {
    if (name.includes('/') || !isSocket(this.path(name))) return false
    try {
      const connection = await this.open(name)
      // `wg` connects a second time.
      if (this.exact) connection.close()
      else this.closeUnlessUsed(name, connection)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') return true
      removeStale(this.path(name))
      return false
    }
  }

  /** `get=1`. Raises `E_DEVICE` with the errno of the connection, of the reply, or `EPROTO`. */
  async read(name: string): Promise<Device> {
    const reader = new GetReplyReader(name)
    await this.ask(
      name,
      'get=1\n\n',
      () => 'get=1',
      (line) => reader.line(line),
    )
    const { device: told, errno, ownPublicKey } = reader.finish()
    if (errno !== 0) throw deviceError(systemErrnoName(errno))
    const device = this.exact ? told : asMeant(told, ownPublicKey, Date.now())
    return device.privateKey === undefined ? device : withPublicKey(device, device.privateKey, this.derive)
  }

  /** `set=1`. Raises `E_DEVICE`; the server applies line by line, so lines before the faulty one stay applied. */
  async change(name: string, change: DeviceChange): Promise<void> {
    const modifies = change.peers.some(({ remove }) => !remove)
    const plain = this.exact || !modifies || this.ours.has(name)
    if (plain || !(await this.tellsPublicKey(name))) return this.set(name, change)
    for (const step of changesForBoringtun(change, await this.read(name))) await this.set(name, step)
  }

  private async set(name: string, change: DeviceChange): Promise<void> {
    const reader = new SetReplyReader()
    await this.ask(
      name,
      formatSetRequest(change),
      () => changeInWords(change),
      (line) => reader.line(line),
    )
    const errno = reader.finish()
    // Daemons in Rust send the number without a sign.
    if (errno !== 0) throw deviceError(systemErrnoName(this.exact ? -errno : Math.abs(errno)))
  }

  /** Detects boringtun by the first line of its `get=1` reply, which no other daemon sends. */
  private async tellsPublicKey(name: string): Promise<boolean> {
    let first: string | undefined
    const enough = new Error('the first line is enough')
    try {
      await this.ask(
        name,
        'get=1\n\n',
        () => 'get=1',
        (line) => {
          first = line
          throw enough
        },
      )
    } catch (error) {
      // Other faults of the daemon show in the change itself; only a timeout must not be waited for twice.
      if (isWgqError(error) && (error.errno === 'ETIMEDOUT' || error.errno === 'EINTR')) throw error
    }
    return first?.startsWith('own_public_key=') ?? false
  }

  /**
   * Returns wgqd's counters beyond the protocol, by name; undefined if the daemon does not support the request. Other
   * daemons close the connection on it, so it gets a separate connection.
   */
  async counters(name: string): Promise<Record<string, number> | undefined> {
    const counters: Record<string, number> = {}
    try {
      await exchange(await this.connect(name), 'wgq_counters=1\n\n', (line) => {
        const [, counter, value] = /^wgq_counter_([a-z0-9_]+)=([0-9]+)$/.exec(line) ?? []
        if (counter !== undefined) counters[counter] = Number(value)
      })
    } catch {
      return undefined
    }
    return Object.keys(counters).length > 0 ? counters : undefined
  }

  /**
   * Returns wgqd's information about peers that do not answer, or whose clock is ahead; other peers are left out.
   * Undefined if the daemon does not support the request.
   */
  async health(name: string): Promise<ReadonlyMap<Key, PeerHealth> | undefined> {
    const found = new Map<Key, PeerHealth>()
    let peer: { -readonly [K in keyof PeerHealth]: PeerHealth[K] } | undefined
    try {
      await exchange(await this.connect(name), 'wgq_peers=1\n\n', (line) => {
        const [, key, value = ''] = /^wgq_([a-z_]+)=([0-9a-f]+)$/.exec(line) ?? []
        const publicKey = key === 'peer' ? keyFromHex(value) : undefined
        if (publicKey !== undefined) {
          peer = { unansweredSeconds: 0, attempts: 0, clockAheadSeconds: 0 }
          found.set(publicKey, peer)
        } else if (peer && key === 'unanswered_seconds') peer.unansweredSeconds = Number(value)
        else if (peer && key === 'attempts') peer.attempts = Number(value)
        else if (peer && key === 'clock_ahead_seconds') peer.clockAheadSeconds = Number(value)
      })
    } catch {
      return undefined
    }
    return found
  }

  /** One exchange. If the connection is closed without an answer, the error names the request and the daemon. */
  private async ask(
    name: string,
    request: string,
    inWords: () => string,
    onLine: (line: string) => void,
  ): Promise<void> {
    let length = 0
    const read = (line: string): void => {
      length += line.length + 1
      onLine(line)
    }
    try {
      await exchange(await this.connect(name), request, read, this.largest)
    } catch (error) {
      if (this.exact || length > 0 || !endedEarly(error)) throw error
      throw closedConnection(name, this.path(name), inWords())
    } finally {
      this.largest = Math.max(this.largest, request.length, length)
    }
  }

  private async connect(name: string): Promise<Connection> {
    if (name.includes('/')) throw deviceError('EINVAL')
    const path = this.path(name)
    try {
      if (!statSync(path).isSocket()) throw deviceError('EBADF')
    } catch (error) {
      throw isWgqError(error) ? error : deviceError((error as NodeJS.ErrnoException).code ?? 'EIO', error)
    }
    try {
      return await this.open(name)
    } catch (error) {
      const { code = 'EIO' } = error as NodeJS.ErrnoException
      if (code === 'ECONNREFUSED') removeStale(path)
      throw deviceError(code, error)
    }
  }

  private async open(name: string): Promise<Connection> {
    const { opened } = this
    if (opened?.name !== name) return connectPatiently(this.connectOnce, this.path(name))
    this.opened = undefined
    return opened.connection
  }

  private closeUnlessUsed(name: string, connection: Connection): void {
    const opened = { name, connection }
    const { opened: other } = this
    other?.connection.close()
    this.opened = opened
    // Runs after all that follows without waiting, and before any event of the connection.
    process.nextTick(() => {
      if (this.opened !== opened) return
      this.opened = undefined
      connection.close()
    })
  }

  private path(name: string): string {
    return `${this.directory}/${name}${suffix}`
  }

  private entries(): string[] {
    try {
      return readdirSync(this.directory).sort()
    } catch (error) {
      const { code = 'EIO' } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return []
      throw deviceError(code, error)
    }
  }
}

/** Adds the public key, computed on first access: many runs read only the peers. */
const withPublicKey = (device: Device, privateKey: Key, derive: (privateKey: Key) => Key): Device => {
  let publicKey: Key | undefined
  return Object.defineProperty(device, 'publicKey', {
    get: () => {
      publicKey ??= derive(privateKey)
      return publicKey
    },
    enumerable: true,
    configurable: true,
  })
}

const isSocket = (path: string): boolean => {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isSocket() ?? false
  } catch {
    return false
  }
}

const removeStale = (path: string): void => {
  try {
    unlinkSync(path)
  } catch {
    // It is already removed, or we lack permission: either way it has no listener.
  }
}
