// SPDX-License-Identifier: MIT
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, unlinkSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Cidr } from '@wgq/model/cidr'
import { formatEndpoint } from '@wgq/model/endpoint'
import { type Key, keyFromHex, keyToHex, zeroKey } from '@wgq/model/key'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { listenStreams } from '../../native/src/stream-listener.ts'
import { hearNews } from './device-news.ts'
import { listenUapi, type UapiServer, type UapiServerOptions } from './server.ts'
import type { ServedDevice, ServedPeer, ServedPeerState } from './server-device.ts'
import { readSocketGroup, setSocketGroup } from './socket-group.ts'
import type { ListenStreams } from './streams.ts'
import { servedPeer } from './testing/served-peer.ts'

const key = (digit: string): Key => keyFromHex(digit.repeat(64)) as Key
const hex = (digit: string) => digit.repeat(64)

/** A device that records its changes in order. */
class Recorder implements ServedDevice {
  readonly log: string[] = []
  readonly peers: Key[] = []
  own: Key | undefined
  listenPort = 0
  states: ServedPeerState[] = []
  read() {
    return { privateKey: this.own, listenPort: this.listenPort, fwmark: 0, peers: this.states }
  }
  counters() {
    return { drops: 3 }
  }
  setPrivateKey(value: Key) {
    this.log.push(`private ${value === zeroKey ? 'none' : keyToHex(value)[0]}`)
  }
  setListenPort(port: number) {
    if (port === 7) throw Object.assign(new Error('port'), { code: 'EADDRINUSE' })
    this.log.push(`port ${port}`)
  }
  setFwmark(mark: number) {
    this.log.push(`fwmark ${mark}`)
  }
  removePeers() {
    this.log.push('remove peers')
    this.peers.length = 0
  }
  peer(value: Key) {
    return this.peers.includes(value) ? this.control(value) : undefined
  }
  addPeer(value: Key) {
    if (value === this.own) return undefined
    this.peers.push(value)
    this.log.push(`add ${keyToHex(value)[0]}`)
    return this.control(value)
  }
  commit() {
    this.log.push('commit')
  }
  private control(value: Key): ServedPeer {
    const note = (text: string) => this.log.push(`${keyToHex(value)[0]} ${text}`)
    const prefix = (cidr: Cidr) => `${cidr.address}/${cidr.prefixLength}`
    return {
      remove: () => {
        this.peers.splice(this.peers.indexOf(value), 1)
        note('remove')
      },
      setPresharedKey: () => note('psk'),
      setEndpoint: (endpoint) => note(`endpoint ${formatEndpoint(endpoint)}`),
      setKeepalive: (seconds) => note(`keepalive ${seconds}`),
      clearAllowedIps: () => note('clear'),
      addAllowedIp: (cidr) => note(`allow ${prefix(cidr)}`),
      removeAllowedIp: (cidr) => note(`disallow ${prefix(cidr)}`),
      configured: () => note('configured'),
    }
  }
}

let directory: string
let device: Recorder
const servers: UapiServer[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wgq-uapi-'))
  device = new Recorder()
})
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
  rmSync(directory, { recursive: true, force: true })
})

const listen = async (options: Partial<UapiServerOptions> = {}): Promise<UapiServer> => {
  const server = await listenUapi({
    device,
    listenStreams,
    name: 'wg0',
    directory: join(directory, 'wireguard'),
    onRemoved: () => undefined,
    onRefusal: () => undefined,
    ...options,
  })
  servers.push(server)
  return server
}

/** Sends a text and returns everything until the server closes, or until `replies` blank lines came. */
const talk = (path: string, text: string, replies = 1): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.write(text, 'latin1'))
    let got = ''
    socket.on('data', (piece) => {
      got += piece.toString()
      if (got.split('\n\n').length > replies) socket.destroy()
    })
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve(got) : reject(error),
    )
    socket.on('close', () => resolve(got))
  })

describe('a socket that is open to a group', () => {
  /** As if user 1000 had connected. */
  const byUser: ListenStreams = (where, onReady) => {
    const streams = listenStreams(where, onReady)
    return new Proxy(streams, {
      get: (target, key) => (key === 'user' ? () => 1000 : Reflect.get(target, key).bind(target)),
    })
  }
  beforeEach(() => {
    device.own = key('1')
    device.states = [
      {
        publicKey: key('a'),
        presharedKey: key('2'),
        endpoint: undefined,
        lastHandshakeNs: 0n,
        rxBytes: 7n,
        txBytes: 0n,
        keepaliveSeconds: 0,
        allowedIps: [],
      },
    ]
    device.read = () => ({
      privateKey: device.own,
      publicKey: key('b'),
      listenPort: 1,
      fwmark: 0,
      peers: device.states,
    })
  })
  const groupId = process.getegid?.() ?? 0

  test('lets that group connect, and nobody else', async () => {
    const { path } = await listen({ groupId })
    expect([statSync(path).mode & 0o777, statSync(path).gid]).toEqual([0o770, groupId])
    // The owner may do everything.
    expect(await talk(path, 'get=1\n\n')).toContain(`private_key=${hex('1')}`)
    expect(await talk(path, 'set=1\nlisten_port=5\n\n')).toBe('errno=0\n\n')
  })

  test('shows its members no private or preshared key, and refuses changes', async () => {
    const { path } = await listen({ groupId, listenStreams: byUser })
    const text = await talk(path, 'get=1\n\n')
    expect(text).not.toContain(hex('1'))
    expect(text).not.toContain(hex('2'))
    expect(text).toContain(`own_public_key=${hex('b')}\n`)
    expect(text).toContain('rx_bytes=7\n')
    for (const change of ['set=1\nlisten_port=5\n\n', 'set=1\nreplace_peers=true\n\n'])
      expect(await talk(path, change)).toBe('errno=-1\n\n')
    expect(await talk(path, 'wgq_counters=1\n\n')).toContain('errno=0')
    expect(device.log).toEqual([])
    // A request that ends with the stream is valid too.
    await new Promise<void>((resolve) => {
      const socket = connect(path, () => socket.end('set=1\nlisten_port=5\n'))
      socket.on('close', () => resolve()).resume()
    })
    expect(device.log).toEqual([])
  })

  test('is opened to another one while it runs, and to nobody again', async () => {
    const { path } = await listen({ listenStreams: byUser })
    const here = join(directory, 'wireguard')
    expect(await readSocketGroup('wg0', here)).toEqual({ membersRead: false })
    expect(await talk(path, 'get=1\n\n')).toContain(hex('1'))
    expect(await setSocketGroup('wg0', groupId, here)).toBe(true)
    expect([statSync(path).mode & 0o777, statSync(path).gid]).toEqual([0o770, groupId])
    expect(await readSocketGroup('wg0', here)).toEqual({ membersRead: true, groupId })
    expect(await talk(path, 'get=1\n\n')).not.toContain(hex('1'))
    expect(await talk(path, 'set=1\nlisten_port=5\n\n')).toBe('errno=-1\n\n')
    expect(await setSocketGroup('wg0', undefined, here)).toBe(true)
    expect(statSync(path).mode & 0o777).toBe(0o700)
    expect(await readSocketGroup('wg0', here)).toEqual({ membersRead: true })
  })

  test('is not opened where another data plane would let its members do everything', async () => {
    mkdirSync(join(directory, 'wireguard'))
    const path = join(directory, 'wireguard/wg0.sock')
    const other = createServer((socket) => socket.on('data', () => socket.destroy()))
    await new Promise<void>((resolve) => other.listen(path, resolve))
    const mode = statSync(path).mode
    expect(await setSocketGroup('wg0', groupId, join(directory, 'wireguard'))).toBe(false)
    expect(await readSocketGroup('wg0', join(directory, 'wireguard'))).toBeUndefined()
    expect(statSync(path).mode).toBe(mode)
    other.close()
  })

  test('cannot be opened to a group that this user may not give it to: nobody listens then', async () => {
    if (process.geteuid?.() === 0) return
    await expect(listen({ groupId: 0 })).rejects.toMatchObject({ code: 'E_UAPI_SOCKET' })
  })
})

describe('news of the device', () => {
  test('are sent as they come, until the client leaves', async () => {
    const listeners = new Set<() => void>()
    const told = Object.assign(new Recorder(), {
      onNews: (listener: () => void) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    })
    const { path } = await listen({ device: told })
    let count = 0
    let wake = () => {}
    const news = await hearNews(
      'wg0',
      () => {
        count += 1
        wake()
      },
      join(path, '..'),
    )
    expect([news?.isOpen, listeners.size, count]).toEqual([true, 1, 0])
    for (const expected of [1, 2]) {
      const heard = new Promise<void>((resolve) => {
        wake = resolve
      })
      for (const listener of listeners) listener()
      await heard
      expect(count).toBe(expected)
    }
    news?.close()
    await vi.waitFor(() => expect(listeners.size).toBe(0))
    // Repeating the request on one connection adds no second listener.
    const twice = talk(path, 'wgq_news=1\n\nwgq_news=1\n\n', 3)
    await vi.waitFor(() => expect(listeners.size).toBe(1))
    await vi.waitFor(() => {
      for (const listener of listeners) listener()
      expect(listeners.size).toBe(0)
    })
    expect(await twice).toContain('errno=0\n\nerrno=0\n\n')
  })

  test('are no business of a daemon that does not know the question', async () => {
    const path = join(directory, 'wg0.sock')
    const other = createServer((socket) => socket.once('data', () => socket.destroy()))
    await new Promise<void>((resolve) => other.listen(path, resolve))
    expect(await hearNews('wg0', () => {}, directory)).toBeUndefined()
    other.close()
    expect(await hearNews('wg1', () => {}, directory)).toBeUndefined()
  })
})

describe('socket', () => {
  test('only the owner may use it; directory 0755; gone after close', async () => {
    const server = await listen()
    expect(statSync(server.path).mode & 0o777).toBe(0o700)
    expect(statSync(join(directory, 'wireguard')).mode & 0o777).toBe(0o755)
    server.close()
    expect(existsSync(server.path)).toBe(false)
  })

  test('a second server on the same name is refused', async () => {
    await listen()
    await expect(listen()).rejects.toMatchObject({ code: 'E_UAPI_IN_USE' })
  })

  test('a socket file that nobody answers is taken over', async () => {
    const { path } = await listen()
    servers.pop()?.close()
    // A process that was killed leaves its socket file behind: made by moving it away from its server.
    const left = createServer()
    await new Promise<void>((resolve) => left.listen(`${path}.moved`, resolve))
    const { renameSync } = await import('node:fs')
    renameSync(`${path}.moved`, path)
    await new Promise((resolve) => left.close(resolve))
    expect(existsSync(path)).toBe(true)
    await listen()
    expect(await talk(path, 'get=1\n\n')).toBe('errno=0\n\n')
  })

  test.each(['before', 'while'])('its removal %s it is watched is noticed', async (when) => {
    let tell = (): void => {}
    const removed = new Promise<void>((resolve) => {
      tell = resolve
    })
    const server = await listen({ onRemoved: tell })
    if (when === 'while') server.watchRemoval()
    unlinkSync(server.path)
    if (when === 'before') server.watchRemoval()
    await removed
  })

  test('its own end is no removal', async () => {
    let removals = 0
    const server = await listen({ onRemoved: () => removals++ })
    server.watchRemoval()
    server.close()
    for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
    expect(removals).toBe(0)
  })

  test('clients that only connect do no harm', async () => {
    const { path } = await listen()
    for (let i = 0; i < 20; i++)
      await new Promise<void>((resolve) => {
        const socket = connect(path, () => socket.destroy())
        socket.on('close', () => resolve())
      })
    expect(await talk(path, 'get=1\n\n')).toBe('errno=0\n\n')
  })
})

describe('set', () => {
  const set = async (text: string) => {
    const { path } = await listen()
    const reply = await talk(path, `set=1\n${text}\n`)
    servers.pop()?.close()
    return reply
  }

  test('everything, in the order of the lines; a peer acts when its section is over', async () => {
    expect(
      await set(
        `private_key=${hex('1')}\nlisten_port=51820\nfwmark=4294967295\nreplace_peers=true\n` +
          `public_key=${hex('a')}\npreshared_key=${hex('2')}\nendpoint=[fe80::1%eth0]:7\n` +
          `persistent_keepalive_interval=25\nreplace_allowed_ips=true\nallowed_ip=10.0.0.0/8\nallowed_ip=-::/0\n` +
          `protocol_version=1\npublic_key=${hex('b')}\n`,
      ),
    ).toBe('errno=0\n\n')
    expect(device.log).toEqual([
      'private 1',
      'port 51820',
      'fwmark 4294967295',
      'remove peers',
      'add a',
      'a psk',
      'a endpoint [fe80::1%eth0]:7',
      'a clear',
      'a allow 10.0.0.0/8',
      'a disallow ::/0',
      'a keepalive 25',
      'a configured',
      'add b',
      'b configured',
      'commit',
    ])
  })

  test.each([
    ['no "="', 'garbage\n', -71],
    ['unknown device key', 'mtu=1420\n', -22],
    ['unknown peer key', `public_key=${hex('a')}\nlisten_port=1\n`, -22],
    ['bad hex', 'private_key=zz\n', -22],
    ['port', 'listen_port=65536\n', -22],
    ['negative port', 'listen_port=-1\n', -22],
    ['hex port', 'listen_port=0x10\n', -22],
    ['fwmark', 'fwmark=4294967296\n', -22],
    ['replace_peers=false', 'replace_peers=false\n', -22],
    ['keepalive', `public_key=${hex('a')}\npersistent_keepalive_interval=65536\n`, -22],
    ['endpoint name', `public_key=${hex('a')}\nendpoint=example.com:1\n`, -22],
    ['IPv6 endpoint without brackets', `public_key=${hex('a')}\nendpoint=::1:1\n`, -22],
    ['IPv4 endpoint in brackets', `public_key=${hex('a')}\nendpoint=[192.0.2.1]:1\n`, -22],
    ['prefix without length', `public_key=${hex('a')}\nallowed_ip=10.0.0.0\n`, -22],
    ['prefix too long', `public_key=${hex('a')}\nallowed_ip=10.0.0.0/33\n`, -22],
    ['protocol version', `public_key=${hex('a')}\nprotocol_version=2\n`, -22],
    ['port in use', 'listen_port=7\n', -98],
  ])('%s is refused', async (_name, text, errno) => {
    expect(await set(text)).toBe(`errno=${errno}\n\n`)
  })

  test('numbers may have leading zeros', async () => {
    expect(await set(`listen_port=00000000000000000080\n`)).toBe('errno=0\n\n')
    expect(device.log).toEqual(['port 80', 'commit'])
  })

  test('an error leaves what came before', async () => {
    expect(await set('listen_port=1\nfwmark=x\nlisten_port=2\n')).toBe('errno=-22\n\n')
    expect(device.log).toEqual(['port 1', 'commit'])
  })

  test('remove and update_only make no peer', async () => {
    await set(
      `public_key=${hex('a')}\nremove=true\npublic_key=${hex('b')}\nupdate_only=true\nallowed_ip=10.0.0.0/8\n`,
    )
    expect(device.log).toEqual(['commit'])
    device.peers.push(key('b'))
    await set(`public_key=${hex('b')}\nupdate_only=true\nallowed_ip=10.0.0.0/8\n`)
    expect(device.log.slice(1)).toEqual(['b allow 10.0.0.0/8', 'b configured', 'commit'])
  })

  test('the own key is silently passed over, with its lines', async () => {
    device.own = key('a')
    expect(await set(`public_key=${hex('a')}\nallowed_ip=10.0.0.0/8\n`)).toBe('errno=0\n\n')
    expect(device.log).toEqual(['commit'])
  })
})

describe('get', () => {
  test('keys in the order of wireguard-go', async () => {
    device.own = key('1')
    device.listenPort = 51820
    device.states = [
      {
        publicKey: key('a'),
        presharedKey: undefined,
        endpoint: { family: 4, address: '192.0.2.1', port: 5 },
        lastHandshakeNs: 1_700_000_000_000_000_009n,
        rxBytes: 1n,
        txBytes: 18446744073709551615n,
        keepaliveSeconds: 25,
        allowedIps: ['10.0.0.0/8', '::/0'],
      },
    ]
    const { path } = await listen()
    expect((await talk(path, 'get=1\n\n')).split('\n')).toEqual([
      `private_key=${hex('1')}`,
      'listen_port=51820',
      `public_key=${hex('a')}`,
      `preshared_key=${hex('0')}`,
      'protocol_version=1',
      'endpoint=192.0.2.1:5',
      'last_handshake_time_sec=1700000000',
      'last_handshake_time_nsec=9',
      'tx_bytes=18446744073709551615',
      'rx_bytes=1',
      'persistent_keepalive_interval=25',
      'allowed_ip=10.0.0.0/8',
      'allowed_ip=::/0',
      'errno=0',
      '',
      '',
    ])
  })

  test('counters come only when asked for', async () => {
    const { path } = await listen()
    expect(await talk(path, 'get=1\n\n')).not.toContain('wgq')
    expect(await talk(path, 'wgq_counters=1\n\n')).toBe('wgq_counter_drops=3\nerrno=0\n\n')
  })

  test('many requests on one connection, in pieces of any size', async () => {
    const { path } = await listen()
    expect(await talk(path, 'get=1\n\nset=1\nlisten_port=5\n\nset=1\nx\n\nget=1\n\n', 4)).toBe(
      'errno=0\n\nerrno=0\n\nerrno=-71\n\nerrno=0\n\n',
    )
    const dribble = new Promise<string>((resolve) => {
      const socket = connect(path, async () => {
        for (const letter of 'set=1\nlisten_port=6\n\n') {
          socket.write(letter)
          await new Promise((next) => setImmediate(next))
        }
      })
      socket.on('data', (piece) => {
        socket.destroy()
        resolve(piece.toString())
      })
    })
    expect(await dribble).toBe('errno=0\n\n')
    expect(device.log).toContain('port 6')
  })
})

test.each(['hello\n\n', '\n', 'get=2\n\n'])('%j ends the connection', async (text) => {
  const { path } = await listen()
  expect(await talk(path, text)).toBe('')
})

test('a get with more lines is refused, and the next request is answered', async () => {
  const { path } = await listen()
  expect(await talk(path, 'get=1\nx=1\n\nset=1\nlisten_port=5\n\n', 2)).toBe('errno=-22\n\nerrno=0\n\n')
})

test('random texts never break the server', async () => {
  const { path } = await listen()
  const word = fc.constantFrom(
    ...['set=1', 'get=1', 'private_key', 'public_key', 'allowed_ip', 'endpoint', 'listen_port', 'remove'],
    ...['=', '\n', '\n\n', 'true', '10.0.0.0/8', '-::/0', '[::1]:1', hex('a'), hex('0'), '65535', '-1', '\0'],
  )
  const text = fc.array(fc.oneof(word, fc.string()), { maxLength: 40 }).map((words) => words.join(''))
  await fc.assert(
    fc.asyncProperty(text, async (request) => {
      const done = new Promise<void>((resolve) => {
        const socket = connect(path, () => socket.end(request, 'latin1'))
        socket.resume()
        socket.on('error', () => resolve())
        socket.on('close', () => resolve())
      })
      await done
    }),
    { numRuns: 150 },
  )
  expect(await talk(path, 'get=1\n\n')).toBe('errno=0\n\n')
})

describe('bounds', () => {
  /** A client that sends and never reads. */
  const silent = (path: string, text: string): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect(path, () => socket.write(text, 'latin1', () => resolve(socket)))
      socket.pause()
      socket.once('error', reject)
    })

  test('who does not read a long reply delays nobody', async () => {
    device.states = Array.from({ length: 20_000 }, (_, index) => servedPeer(index))
    const { path } = await listen()
    const lazy = await silent(path, 'get=1\n\n')
    expect(await talk(path, 'set=1\nlisten_port=6\n\n')).toBe('errno=0\n\n')
    expect(await talk(path, 'get=1\n\n')).toMatch(/errno=0\n\n$/)
    lazy.destroy()
  })

  test('those who read long replies do not end each other, nor does a change between them', async () => {
    // 40,000 peers: twice the limit of all unread replies together.
    device.states = Array.from({ length: 40_000 }, (_, index) => servedPeer(index))
    const { path } = await listen()
    /** Yields after each piece: data that does not fit into the socket waits in the server. */
    const reader = async (): Promise<number> => {
      const client = connect(path, () => client.write('get=1\n\n'))
      const pieces: Buffer[] = []
      for await (const piece of client) {
        pieces.push(piece)
        if (piece.subarray(-9).toString() === 'errno=0\n\n') break
        await nextTurn()
      }
      return (
        Buffer.concat(pieces)
          .toString('latin1')
          .match(/^public_key=/gm)?.length ?? 0
      )
    }
    const turns = async (count: number) => {
      for (let turn = 0; turn < count; turn++) await nextTurn()
    }
    const first = reader()
    await turns(20)
    const others = [reader(), reader()]
    await turns(20)
    const change = talk(path, 'set=1\nlisten_port=6\n\n')
    const last = reader()
    expect(await Promise.all([first, ...others, last])).toEqual([40_000, 40_000, 40_000, 40_000])
    expect(await change).toBe('errno=0\n\n')
  })

  test('a long reply begins before all of it is read from the device', async () => {
    const seen: number[] = []
    let got = 0
    const peers = function* () {
      for (let index = 0; index < 20_000; index++) {
        yield servedPeer(index)
        seen.push(got)
      }
    }
    const { path } = await listen({
      device: Object.assign(device, {
        read: () => ({ privateKey: undefined, listenPort: 0, fwmark: 0, peers: peers() }),
      }),
    })
    const client = connect(path, () => client.write('get=1\n\n'))
    let text = ''
    for await (const piece of client) {
      got += (piece as Buffer).length
      text += piece
      if (text.endsWith('errno=0\n\n')) break
    }
    expect(seen.at(-1)).toBeGreaterThan(0)
    expect(text.match(/^public_key=/gm)).toHaveLength(20_000)
  })

  test('whoever comes is answered, however many connections lie about', async () => {
    const { path } = await listen()
    const idle: Socket[] = []
    while (idle.length < 700) idle.push(await silent(path, 'get=1\n\n'))
    expect(await talk(path, 'get=1\n\n')).toBe('errno=0\n\n')
    for (const socket of idle) socket.destroy()
  })

  test.each([
    ['a line without an end', 'a'.repeat(3000)],
    ['a line that is too long', `set=1\nprivate_key=${'0'.repeat(2000)}\n\n`],
    ['a request of no line', '\n'],
  ])('%s ends the connection', async (_, text) => {
    const { path } = await listen()
    const closed = await new Promise<boolean>((resolve) => {
      const socket = connect(path, () => socket.write(text))
      socket.on('error', () => resolve(true))
      socket.on('close', () => resolve(true))
    })
    expect(closed).toBe(true)
    expect(device.log.filter((line) => line !== 'commit')).toEqual([])
  })

  test('requests sent ahead are answered one by one, in order', async () => {
    const { path } = await listen()
    const text = 'get=1\n\nset=1\nlisten_port=6\n\n'.repeat(2000)
    expect((await talk(path, text, 4000)).match(/errno=0/g)).toHaveLength(4000)
  })
})

describe('a crowd', () => {
  /** A socket with `count` waiting clients that each sent `text`, and what happens to them. */
  const crowd = (count: number, text: string, descriptors = Number.POSITIVE_INFINITY) => {
    const log: string[] = []
    const open = new Set<number>()
    const unread = new Map<number, string>()
    let waiting = count
    let last = 0
    let onReady: (stream: number) => void = () => undefined
    const listenStreams: ListenStreams = (_, ready) => {
      onReady = ready
      return {
        accept: () => {
          if (waiting === 0) return 0
          if (open.size >= descriptors) throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' })
          waiting--
          open.add(++last)
          unread.set(last, text)
          return last
        },
        acceptMore: (more) => void log.push(more ? 'more' : 'no more'),
        receive: (stream, into) => {
          const bytes = Buffer.from(unread.get(stream) ?? '', 'latin1')
          unread.delete(stream)
          into.set(bytes)
          return bytes.length || -1
        },
        user: () => 0,
        send: (stream, bytes) => {
          log.push(`${stream} ${Buffer.from(bytes).toString('latin1').trim()}`)
          return bytes.length
        },
        watch: () => undefined,
        close: (stream) => {
          open.delete(stream)
          log.push(`${stream} closed`)
        },
        closeAll: () => undefined,
      }
    }
    return { listenStreams, log, open, turn: () => onReady(0), waits: () => waiting }
  }

  test('is taken in by as few turns of the event loop as its number needs, and answered in order', async () => {
    const { listenStreams, log, turn, waits } = crowd(500, 'get=1\n\n')
    await listen({ listenStreams })
    for (let turns = 1; turns <= 8; turns++) turn()
    expect(waits()).toBe(0)
    expect(log).toEqual(Array.from({ length: 500 }, (_, index) => `${index + 1} errno=0`))
  })

  test('beyond the bound the quietest go, and none is refused', async () => {
    const { listenStreams, log, open, turn } = crowd(600, 'get=1\n\n')
    await listen({ listenStreams })
    for (let turns = 1; turns <= 10; turns++) turn()
    expect(log.filter((line) => line.endsWith('errno=0'))).toHaveLength(600)
    expect([...open]).toEqual(Array.from({ length: 512 }, (_, index) => index + 89))
  })

  test('whoever comes when descriptors are used up gets that of the quietest', async () => {
    const { listenStreams, log, open, turn } = crowd(70, 'get=1\n\n', 40)
    await listen({ listenStreams })
    turn()
    turn()
    expect(log.filter((line) => line.endsWith('errno=0'))).toHaveLength(70)
    expect([...open]).toEqual(Array.from({ length: 40 }, (_, index) => index + 31))
  })

  test('where no connection makes room, nobody is taken in for a while', async () => {
    const refusals: Error[] = []
    const { listenStreams, log, turn } = crowd(1, 'get=1\n\n', 0)
    await listen({ listenStreams, onRefusal: (error) => refusals.push(error) })
    turn()
    expect(log).toEqual(['no more'])
    expect(refusals.map(({ message }) => message)).toEqual(['EMFILE'])
  })
})

describe('clients that leave', () => {
  test('whose set waits for its turn when their connection is closed: it is forgotten', async () => {
    const slow = Object.assign(new Recorder(), {
      // Longer than one slice of work.
      setFwmark: () => {
        const end = Date.now() + 10
        while (Date.now() < end);
      },
    })
    const texts = ['', `set=1\nfwmark=1\n${'listen_port=1\n'.repeat(200)}\n`, 'set=1\nlisten_port=2\n\n']
    let last = 0
    let onReady: (stream: number) => void = () => undefined
    const server = await listen({
      device: slow,
      listenStreams: (_, ready) => {
        onReady = ready
        return {
          accept: () => (last < 2 ? ++last : 0),
          acceptMore: () => undefined,
          receive: (stream, into) => {
            const bytes = Buffer.from(texts[stream] ?? '')
            into.set(bytes)
            return bytes.length
          },
          send: (_, bytes) => bytes.length,
          user: () => 0,
          watch: () => undefined,
          close: () => undefined,
          closeAll: () => undefined,
        }
      },
    })
    onReady(0)
    server.close()
    await vi.waitFor(() => expect(slow.log).toContain('commit'))
    expect(slow.log.filter((line) => line === 'port 1')).toHaveLength(200)
    await new Promise((next) => setImmediate(next))
    expect(slow.log).not.toContain('port 2')
  })

  test('a set that ends with the stream counts, and its answer comes', async () => {
    const { path } = await listen()
    const answer = await new Promise<string>((resolve) => {
      let got = ''
      const socket = connect({ path, allowHalfOpen: true }, () => socket.end('set=1\nlisten_port=6\n'))
      socket.on('data', (piece) => {
        got += piece.toString()
      })
      socket.on('end', () => resolve(got))
    })
    expect([answer, device.log[0]]).toEqual(['errno=0\n\n', 'port 6'])
  })

  test('in the middle of a request or of a reply: nothing is left of them', async () => {
    device.states = Array.from({ length: 20_000 }, (_, index) => servedPeer(index))
    const open = new Set<number>()
    const counting: ListenStreams = (where, onReady) => {
      const streams = listenStreams(where, onReady)
      return {
        acceptMore: (more) => streams.acceptMore(more),
        closeAll: () => streams.closeAll(),
        accept: () => {
          const stream = streams.accept()
          if (stream !== 0) open.add(stream)
          return stream
        },
        receive: (stream, into) => streams.receive(stream, into),
        send: (stream, bytes) => streams.send(stream, bytes),
        watch: (stream, readable, writable) => streams.watch(stream, readable, writable),
        user: (stream) => streams.user(stream),
        close: (stream) => {
          streams.close(stream)
          open.delete(stream)
        },
      }
    }
    const { path } = await listen({ listenStreams: counting })
    for (const text of ['set=1\nlisten_port=6', 'get=1\n\n', 'get=1\n\nget=1\n\n', ''])
      await new Promise<void>((resolve) => {
        const socket = connect(path, () => socket.write(text, () => socket.destroy()))
        socket.on('close', () => resolve())
      })
    expect(await talk(path, 'get=1\n\n')).toMatch(/errno=0\n\n$/)
    while (open.size > 0) await new Promise((next) => setImmediate(next))
  })
})
