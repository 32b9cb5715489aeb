// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'
import { type Cidr, formatCidr, parseCidr } from '@wgq/model/cidr'
import type { Device, DeviceChange, PeerChange } from '@wgq/model/device'
import { type Endpoint, formatEndpoint, parseEndpoint } from '@wgq/model/endpoint'
import { type Key, parseKey } from '@wgq/model/key'
import { describe, expect, it } from 'vitest'
import { Exchange } from './exchange.ts'
import { acknowledgement, ReplaySocket, withSequence } from './replay-socket.ts'
import { changeWireguard, readWireguard } from './wireguard.ts'

/** What Debian's `wg` sent, and what it printed for recorded answers of the kernel. */
interface Recording {
  readonly name: string
  readonly argv: string
  readonly 'c.conf'?: string
  readonly exit: string
  readonly stdout: string
  readonly 'sent.hex'?: string
  readonly 'kernel-reply.hex'?: string
}

const recordings: Recording[] = JSON.parse(
  readFileSync(new URL('./fixtures/wg-netlink.json', import.meta.url), 'utf8'),
)
const recorded = (name: string): Recording => recordings.find((one) => one.name === name) as Recording
const lines = (text = ''): string[] => text.split('\n').filter(Boolean)

/** `wg` uses the time in seconds as the sequence number; the recordings have this one. */
const recordedTime = 0x6b0025fc
const getFamily = 0x10
const setCommand = 1

/** A kernel whose WireGuard family is 31. GET is answered with `reply`, SET number n with the errno of `refuse(n)`. */
const kernel = (reply: readonly string[] = [], refuse: (count: number) => number = () => 0) => {
  let count = 0
  return new ReplaySocket(({ type, sequence, bytes }) => {
    if (type === getFamily) return familyAnswer(sequence)
    if (bytes[16] === setCommand) return [acknowledgement(sequence, refuse(count++))]
    return reply.map((line) => withSequence(Buffer.from(line, 'hex'), sequence))
  })
}

const familyAnswer = (sequence: number): Uint8Array[] => {
  const answer = Buffer.from('1c00000010000000000000000000000001020000060001001f000000', 'hex')
  return [withSequence(answer, sequence), acknowledgement(sequence)]
}

const exchangeWith = (socket: ReplaySocket): Exchange => new Exchange(socket, () => recordedTime)
const sentBy = (socket: ReplaySocket): string[] => socket.sent.map((one) => Buffer.from(one).toString('hex'))

describe('reading a device', () => {
  const dumps = recordings.filter((one) => one['kernel-reply.hex'] && one.exit === '0\n')
  it.each(dumps.map((one) => [one.name, one] as const))('%s', async (_, recording) => {
    const socket = kernel(lines(recording['kernel-reply.hex']))
    const device = await readWireguard(exchangeWith(socket), 'wgn0')
    expect(dumpText(device)).toBe(recording.stdout)
    expect(sentBy(socket)).toEqual(lines(recording['sent.hex']))
  })

  it('asks again as often as the kernel says that the dump was interrupted', async () => {
    const [first, done] = lines(recorded('dump-simple')['kernel-reply.hex']) as [string, string]
    const interrupted = Buffer.from(first, 'hex')
    interrupted.writeUInt16LE(0x12, 6)
    let asked = 0
    const socket = new ReplaySocket(({ type, sequence }) => {
      if (type === getFamily) return familyAnswer(sequence)
      const message = ++asked < 3 ? interrupted : Buffer.from(first, 'hex')
      return [message, Buffer.from(done, 'hex')].map((one) => withSequence(one, sequence))
    })
    const device = await readWireguard(exchangeWith(socket), 'wgn0')
    expect(asked).toBe(3)
    expect(dumpText(device)).toBe(recorded('dump-simple').stdout)
  })

  it.each([
    ['dump-done-error', 'ENODEV'],
    ['dump-peer-without-key', 'EINVAL'],
  ])('%s fails with %s', async (name, errno) => {
    const socket = kernel(lines(recorded(name)['kernel-reply.hex']))
    await expect(readWireguard(exchangeWith(socket), 'wgn0')).rejects.toMatchObject({ errno })
  })

  it('says EPROTONOSUPPORT when the kernel has no such family', async () => {
    const socket = new ReplaySocket(({ sequence }) => [acknowledgement(sequence, 2)])
    await expect(readWireguard(exchangeWith(socket), 'wgn0')).rejects.toMatchObject({
      errno: 'EPROTONOSUPPORT',
    })
    expect(sentBy(socket)).toEqual(lines(recorded('nofamily-show')['sent.hex']))
  })
})

describe('changing a device', () => {
  const files = recordings.filter((one) => one['c.conf'] && one.exit === '0\n')
  it.each(files.map((one) => [one.name, one] as const))('%s', async (_, recording) => {
    const replace = recording.argv.startsWith('wg\nsetconf')
    const socket = kernel()
    await changeWireguard(exchangeWith(socket), 'wgn0', fileChange(recording['c.conf'] as string, replace))
    expect(sentBy(socket)).toEqual(lines(recording['sent.hex']))
  })

  it('stops at the message that is refused', async () => {
    const recording = recorded('setconf-error-second-message')
    const socket = kernel([], (count) => (count === 1 ? 22 : 0))
    const change = fileChange(recording['c.conf'] as string, true)
    await expect(changeWireguard(exchangeWith(socket), 'wgn0', change)).rejects.toMatchObject({
      errno: 'EINVAL',
    })
    expect(sentBy(socket)).toEqual(lines(recording['sent.hex']))
  })

  const publicKey = parseKey('Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=')
  const cases: readonly [string, Omit<PeerChange, 'publicKey'>][] = [
    ['set-peer-aips-empty', { replaceAllowedIps: true, allowedIps: [] }],
    [
      'set-peer-aips-incremental',
      { allowedIps: [cidr('10.0.0.0/24'), { ...cidr('10.1.0.0/24'), remove: true }] },
    ],
    [
      'set-peer-full',
      {
        presharedKey: parseKey('Uoqqn/9c9pXKCQMH5GU31d8HA7OaM2sbRRulwdXYl0s='),
        endpoint: endpoint('192.0.2.1:51820'),
        keepaliveSeconds: 25,
        replaceAllowedIps: true,
        allowedIps: [cidr('10.0.0.0/24'), cidr('fd00::/64')],
      },
    ],
    [
      'set-peer-remove-with-args',
      {
        remove: true,
        endpoint: endpoint('192.0.2.1:5'),
        replaceAllowedIps: true,
        allowedIps: [cidr('10.0.0.0/8')],
      },
    ],
    ['set-peer-v6-endpoint', { endpoint: endpoint('[fe80::1%1]:51820') }],
  ]
  it.each(cases)('%s', async (name, peer) => {
    const socket = kernel()
    await changeWireguard(exchangeWith(socket), 'wgn0', { peers: [{ publicKey, ...peer }] })
    expect(sentBy(socket)).toEqual(lines(recorded(name)['sent.hex']))
  })

  it('sends the port alone and reports that it is taken', async () => {
    const socket = kernel([], () => 98)
    await expect(
      changeWireguard(exchangeWith(socket), 'wgn0', { listenPort: 1, peers: [] }),
    ).rejects.toMatchObject({ errno: 'EADDRINUSE' })
    expect(sentBy(socket)).toEqual(lines(recorded('set-eaddrinuse')['sent.hex']))
  })
})

function cidr(text: string): Cidr {
  return parseCidr(text) as Cidr
}

function endpoint(text: string): Endpoint {
  return parseEndpoint(text) as Endpoint
}

/** The change for a well-formed configuration file; setconf also clears what the file leaves out. */
const fileChange = (text: string, replace: boolean): DeviceChange => {
  const device: { privateKey?: Key; listenPort?: number; fwmark?: number } = replace
    ? { listenPort: 0, fwmark: 0 }
    : {}
  const peers: { -readonly [K in keyof PeerChange]: PeerChange[K] }[] = []
  for (const line of lines(text)) {
    const [name, value = ''] = line.split(/ = (.*)/)
    const peer = peers.at(-1)
    if (name === '[Peer]') peers.push({ publicKey: '' as Key, replaceAllowedIps: true })
    else if (name === 'PrivateKey') device.privateKey = parseKey(value)
    else if (name === 'ListenPort') device.listenPort = Number(value)
    else if (name === 'FwMark') device.fwmark = Number(value)
    else if (!peer) continue
    else if (name === 'PublicKey') peer.publicKey = parseKey(value)
    else if (name === 'PresharedKey') peer.presharedKey = parseKey(value)
    else if (name === 'Endpoint') peer.endpoint = endpoint(value)
    else if (name === 'PersistentKeepalive') peer.keepaliveSeconds = Number(value)
    else if (name === 'AllowedIPs') peer.allowedIps = value.split(', ').map(cidr)
    else throw new Error(`What is ${line}?`)
  }
  return { ...device, ...(replace ? { replacePeers: true } : {}), peers }
}

/** `wg show NAME dump`. */
const dumpText = (device: Device): string => {
  const mark = device.fwmark === 0 ? 'off' : `0x${device.fwmark.toString(16)}`
  const rows = [[device.privateKey ?? '(none)', device.publicKey ?? '(none)', device.listenPort, mark]]
  for (const peer of device.peers) {
    rows.push([
      peer.publicKey,
      peer.presharedKey ?? '(none)',
      // The recording machine named interface 1 "lo"; here zones are numbers.
      peer.endpoint ? formatEndpoint(peer.endpoint).replace('%1]', '%lo]') : '(none)',
      peer.allowedIps.map(formatCidr).join(',') || '(none)',
      String(peer.lastHandshake.seconds),
      String(peer.rxBytes),
      String(peer.txBytes),
      peer.keepaliveSeconds || 'off',
    ])
  }
  return rows.map((row) => `${row.join('\t')}\n`).join('')
}
