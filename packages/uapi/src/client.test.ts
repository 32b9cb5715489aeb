// SPDX-License-Identifier: MIT
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zeroKey } from '@wgq/model/key'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { UapiDevices } from './client.ts'

let folder = ''
let servers: Server[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgq-uapi-'))
})
afterEach(async () => {
  for (const server of servers) await new Promise((resolve) => server.close(resolve))
  servers = []
  rmSync(folder, { recursive: true })
})

/** Serves `name`; `reply` answers each whole request. */
const serve = async (name: string, reply: (request: string, socket: Socket) => void): Promise<string[]> => {
  const requests: string[] = []
  const server = createServer((socket) => {
    let request = ''
    socket.on('error', () => {})
    socket.on('data', (piece) => {
      request += piece.toString('latin1')
      if (!request.endsWith('\n\n')) return
      requests.push(request)
      reply(request, socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(join(folder, `${name}.sock`), resolve))
  servers.push(server)
  return requests
}

test('read, in pieces, with the public key', async () => {
  await serve('wg0', async (_request, socket) => {
    const text = `private_key=${'00'.repeat(32)}\nlisten_port=5\nerrno=0\n\n`
    for (const piece of text.match(/.{1,7}/gs) ?? []) {
      socket.write(piece)
      await new Promise((resolve) => setImmediate(resolve))
    }
  })
  const device = await new UapiDevices(folder).read('wg0')
  expect(device.listenPort).toBe(5)
  expect(device.publicKey).toBe('L+V9o0fNYkMVKNqsX7spBzD/9oSvxM/C7ZCZX1jLO3Q=')
})

test('change sends the fields in the order of wg', async () => {
  const requests = await serve('wg0', (_request, socket) => socket.write('errno=0\n\n'))
  await new UapiDevices(folder, { exact: true }).change('wg0', {
    peers: [
      {
        publicKey: zeroKey,
        allowedIps: [{ family: 4, address: '10.0.0.0', prefixLength: 8, remove: true }],
        keepaliveSeconds: 0,
        endpoint: { family: 6, address: 'fe80::1', port: 5, zone: 'lo' },
      },
      { publicKey: zeroKey, remove: true, keepaliveSeconds: 5 },
    ],
    fwmark: 0,
    listenPort: 7,
    replacePeers: true,
  })
  const zeros = '0'.repeat(64)
  expect(requests).toEqual([
    `set=1\nlisten_port=7\nfwmark=0\nreplace_peers=true\npublic_key=${zeros}\nendpoint=[fe80::1%lo]:5\npersistent_keepalive_interval=0\nallowed_ip=-10.0.0.0/8\npublic_key=${zeros}\nremove=true\n\n`,
  ])
})

test.each([
  ['errno=-98\n\n', 'EADDRINUSE'],
  ['errno=1\n\n', '-1'],
  ['', 'EPROTO'],
  ['errno=0\n', 'EPROTO'],
  ['junk\n\n', 'EPROTO'],
  ['a=\0\nerrno=0\n\n', 'EPROTO'],
])('a change answered by %j fails for wg with %s', async (reply, errno) => {
  await serve('wg0', (_request, socket) => socket.end(reply))
  await expect(new UapiDevices(folder, { exact: true }).change('wg0', { peers: [] })).rejects.toMatchObject({
    errno,
  })
})

test('names that lead to no socket', async () => {
  writeFileSync(join(folder, 'file.sock'), '')
  const devices = new UapiDevices(folder)
  await expect(devices.read('a/b')).rejects.toMatchObject({ errno: 'EINVAL' })
  await expect(devices.read('none')).rejects.toMatchObject({ errno: 'ENOENT' })
  await expect(devices.read('file')).rejects.toMatchObject({ errno: 'EBADF' })
  await expect(devices.read('x'.repeat(300))).rejects.toMatchObject({ errno: 'ENAMETOOLONG' })
  expect(await devices.answers('x'.repeat(300))).toBe(false)
  expect(await devices.answers('file')).toBe(false)
  expect(await devices.list()).toEqual([])
  expect(await new UapiDevices(join(folder, 'none')).list()).toEqual([])
})

test('a socket nobody listens on is removed', async () => {
  const server = createServer()
  const path = join(folder, 'stale.sock')
  await new Promise<void>((resolve) => server.listen(`${path}.bound`, resolve))
  renameSync(`${path}.bound`, path)
  await new Promise((resolve) => server.close(resolve))
  expect(existsSync(path)).toBe(true)
  await expect(new UapiDevices(folder).read('stale')).rejects.toMatchObject({ errno: 'ECONNREFUSED' })
  expect(existsSync(path)).toBe(false)
})

test('counters of our daemon; other daemons close the connection', async () => {
  await serve('ours', (_request, socket) =>
    socket.write('wgq_counter_replayed=3\nwgq_counter_peers=2\nerrno=0\n\n'),
  )
  await serve('other', (_request, socket) => socket.destroy())
  const devices = new UapiDevices(folder)
  expect(await devices.counters('ours')).toEqual({ replayed: 3, peers: 2 })
  expect(await devices.counters('other')).toBeUndefined()
  expect(await devices.counters('none')).toBeUndefined()
})

test('20,000 peers with three allowed IPs each', async () => {
  let text = ''
  for (let i = 0; i < 20_000; i++) {
    text += `public_key=${i.toString(16).padStart(64, '0')}\nendpoint=192.0.2.1:5\nrx_bytes=1\ntx_bytes=2\n`
    text += `allowed_ip=10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32\nallowed_ip=fd00::${(i & 0xffff).toString(16)}/128\nallowed_ip=11.0.0.0/8\n`
  }
  await serve('wg0', (_request, socket) => socket.write(`${text}errno=0\n\n`))
  const { peers } = await new UapiDevices(folder).read('wg0')
  expect(peers).toHaveLength(20_000)
  expect(peers.at(-1)?.allowedIps.map(({ address }) => address)).toEqual([
    '10.0.78.31',
    'fd00::4e1f',
    '11.0.0.0',
  ])
})

test('an errno without its minus sign is meant the same, but not for wg', async () => {
  await serve('wg0', (_request, socket) => socket.write('errno=22\n\n'))
  await expect(new UapiDevices(folder).change('wg0', { peers: [] })).rejects.toMatchObject({
    errno: 'EINVAL',
  })
  const exact = new UapiDevices(folder, { exact: true })
  await expect(exact.change('wg0', { peers: [] })).rejects.toMatchObject({ message: 'Unknown error -22' })
})

test('a public key in place of the private one is read, but not for wg', async () => {
  await serve('wg0', (_request, socket) => socket.write(`own_public_key=${'00'.repeat(32)}\nerrno=0\n\n`))
  expect(await new UapiDevices(folder).read('wg0')).toMatchObject({ publicKey: zeroKey })
  expect(await new UapiDevices(folder, { exact: true }).read('wg0')).not.toHaveProperty('publicKey')
})

test('a connection that is closed instead of answered: who closed it, and what it was asked', async () => {
  await serve('wg0', (_request, socket) => socket.end())
  const change = {
    listenPort: 7,
    privateKey: zeroKey,
    peers: [
      {
        publicKey: zeroKey,
        allowedIps: [{ family: 4 as const, address: '10.0.0.0', prefixLength: 8, remove: true }],
      },
    ],
  }
  const text = await new UapiDevices(folder).change('wg0', change).then(
    () => '',
    (error: Error) => error.message,
  )
  expect(text).toContain(
    `(process ${process.pid}) closed the connection without an answer to private_key, listen_port=7, peer AAAA`,
  )
  expect(text).toContain('allowed_ip=-10.0.0.0/8')
  expect(text).not.toContain(zeroKey)
  const exact = new UapiDevices(folder, { exact: true })
  await expect(exact.change('wg0', change)).rejects.toMatchObject({ errno: 'EPROTO' })
})

/** The connections that a server of `name` gets, and how many of them are still open. */
const countConnections = async (name: string): Promise<{ made: number; left: number }> => {
  const counts = { made: 0, left: 0 }
  const server = createServer((socket) => {
    counts.made++
    counts.left++
    socket.on('data', () => socket.write('errno=0\n\n')).on('close', () => counts.left--)
  })
  await new Promise<void>((resolve) => server.listen(join(folder, `${name}.sock`), resolve))
  servers.push(server)
  return counts
}

test('a request takes the connection by which its daemon was found; without one it is closed', async () => {
  const counts = await countConnections('wg0')
  const devices = new UapiDevices(folder)
  expect(await devices.answers('wg0')).toBe(true)
  await devices.read('wg0')
  await devices.read('wg0')
  await expect.poll(() => counts).toEqual({ made: 2, left: 0 })
  expect(await devices.answers('wg0')).toBe(true)
  expect(await devices.answers('wg0')).toBe(true)
  await expect.poll(() => counts).toEqual({ made: 3, left: 0 })
})

test('a daemon that never answers is given up, and a signal is not waited for', async () => {
  let onRequest = () => {}
  await serve('wg0', () => onRequest())
  const devices = new UapiDevices(folder)
  process.env['WGQ_SOCKET_TIMEOUT'] = '0.2'
  await expect(devices.read('wg0')).rejects.toMatchObject({ code: 'E_DEVICE', errno: 'ETIMEDOUT' })
  await expect(devices.change('wg0', { peers: [] })).rejects.toMatchObject({ errno: 'ETIMEDOUT' })
  process.env['WGQ_SOCKET_TIMEOUT'] = '600'
  const handler = () => {}
  process.on('SIGTERM', handler)
  onRequest = () => process.emit('SIGTERM')
  await expect(devices.read('wg0')).rejects.toMatchObject({ errno: 'EINTR' })
  expect(process.listeners('SIGTERM')).toEqual([handler])
  process.off('SIGTERM', handler)
  delete process.env['WGQ_SOCKET_TIMEOUT']
})

test('a peer of boringtun is removed and added again', async () => {
  const requests = await serve('wg0', (request, socket) =>
    socket.end(
      request.startsWith('get')
        ? `own_public_key=${'00'.repeat(32)}\npublic_key=${'00'.repeat(32)}\npersistent_keepalive_interval=9\nerrno=0\n\n`
        : 'errno=0\n\n',
    ),
  )
  const zeros = '0'.repeat(64)
  await new UapiDevices(folder).change('wg0', { peers: [{ publicKey: zeroKey, keepaliveSeconds: 5 }] })
  expect(requests.filter((request) => request.startsWith('set'))).toEqual([
    `set=1\npublic_key=${zeros}\nremove=true\n\n`,
    `set=1\npublic_key=${zeros}\npersistent_keepalive_interval=5\nreplace_allowed_ips=true\n\n`,
  ])
})
