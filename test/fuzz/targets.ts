// SPDX-License-Identifier: MIT
import { unpackNvlist } from '../../packages/backends/src/freebsd/nvlist-unpack.ts'
import { parsePlist } from '../../packages/backends/src/netbsd/plist-parser.ts'
import { readNetworkManager } from '../../packages/cli/src/exchange/read-network-manager.ts'
import { readNetworkd } from '../../packages/cli/src/exchange/read-networkd.ts'
import { parseDocument, printDocument } from '../../packages/config/src/document.ts'
import { readLinkNews } from '../../packages/dataplane/src/daemon/link-message.ts'
import { isWgqError } from '../../packages/model/src/error.ts'
import { messagesOf } from '../../packages/netlink/src/message-reader.ts'
import { GetReplyReader } from '../../packages/uapi/src/get-reply.ts'
import { LineSplitter } from '../../packages/uapi/src/line-splitter.ts'
import { RequestBuffer } from '../../packages/uapi/src/request-buffer.ts'
import type { ServedDevice, ServedPeer } from '../../packages/uapi/src/server-device.ts'
import { SetRequest } from '../../packages/uapi/src/server-set.ts'

/** What takes input of strangers: returns, or raises an error that is made for its reader. Anything else is a finding. */
interface FuzzTarget {
  readonly run: (bytes: Buffer) => void
  /** Harmless inputs to begin with. */
  readonly seeds: readonly (string | Buffer)[]
  /** Words that inputs are made of. */
  readonly words: readonly string[]
}

const text = (bytes: Buffer): string => bytes.toString('latin1')

const peer = new Proxy({} as ServedPeer, { get: () => () => undefined })
const device = new Proxy({} as ServedDevice, {
  get: (_, name) => (name === 'addPeer' || name === 'peer' ? () => peer : () => undefined),
})

const key = '0'.repeat(63).concat('1')
const base64 = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='

const uapiWords = [
  ...['private_key=', 'public_key=', 'preshared_key=', 'endpoint=', 'allowed_ip=', 'listen_port=', 'fwmark='],
  ...[
    'replace_peers=true',
    'remove=true',
    'update_only=true',
    'errno=0',
    '\n',
    '\n\n',
    key,
    '10.0.0.0/8',
    '-',
    '[fe80::1%1]:5',
  ],
]

export const targets: Readonly<Record<string, FuzzTarget>> = {
  uapi: {
    run: (bytes) => {
      const buffer = new RequestBuffer()
      for (let rest = buffer.append(bytes); rest !== undefined; rest = buffer.append(rest)) {
        const request = new SetRequest(device)
        for (const line of buffer.take()) if (line !== 'set=1') request.line(line)
        request.finish()
      }
    },
    seeds: [
      `set=1\nprivate_key=${key}\nlisten_port=5\npublic_key=${key}\nallowed_ip=10.0.0.0/8\n\n`,
      'get=1\n\n',
    ],
    words: uapiWords,
  },
  reply: {
    run: (bytes) => {
      const reader = new GetReplyReader('wg0')
      new LineSplitter((line) => reader.line(line)).push(bytes)
      reader.finish()
    },
    seeds: [
      `private_key=${key}\nlisten_port=5\npublic_key=${key}\nrx_bytes=7\nallowed_ip=10.0.0.0/8\nerrno=0\n\n`,
    ],
    words: uapiWords,
  },
  netlink: {
    run: (bytes) => {
      readLinkNews(bytes)
      messagesOf(bytes)
    },
    seeds: [
      Buffer.from('2c000000100000000000000000000000000001000200000001000000ffffffff0800040084050000', 'hex'),
    ],
    words: [],
  },
  nvlist: {
    run: (bytes) => void unpackNvlist(bytes),
    seeds: [Buffer.from('6c0000000000000000000000000000000000000000', 'hex')],
    words: [],
  },
  plist: {
    run: (bytes) => void parsePlist(text(bytes)),
    seeds: [
      '<?xml version="1.0"?><plist version="1.0"><dict><key>a</key><integer>0x1</integer></dict></plist>',
    ],
    words: [
      '<dict>',
      '</dict>',
      '<array>',
      '</array>',
      '<key>',
      '</key>',
      '<data>',
      '</data>',
      '<string>',
      '&amp;',
      '<true/>',
    ],
  },
  conf: {
    run: (bytes) => {
      const whole = text(bytes)
      if (printDocument(parseDocument(whole)) !== whole)
        throw new Error('the file is not printed as it was read')
    },
    seeds: [`[Interface]\nPrivateKey = ${base64}\nAddress = 10.0.0.1/24\n\n[Peer]\nPublicKey = ${base64}\n`],
    words: ['[Interface]', '[Peer]', '#', ' = ', '\n', '\r\n', '\t', 'PostUp = ', '\0', base64],
  },
  keyfile: {
    run: (bytes) => void readNetworkManager(text(bytes), 'file'),
    seeds: [
      `[connection]\nid=wg0\ntype=wireguard\n\n[wireguard]\nprivate-key=${base64}\n\n[ipv4]\naddress1=10.0.0.1/24\n`,
    ],
    words: [
      '[wireguard-peer.',
      ']',
      'endpoint=',
      'allowed-ips=',
      '\\n',
      '\\s',
      '\n',
      ';',
      '10.0.0.0/8',
      base64,
    ],
  },
  unit: {
    run: (bytes) => {
      const whole = text(bytes)
      readNetworkd(
        { name: 'wg0.netdev', text: whole } as never,
        { name: 'wg0.network', text: whole } as never,
      )
    },
    seeds: [
      `[NetDev]\nName=wg0\nKind=wireguard\n\n[WireGuard]\nPrivateKey=${base64}\n\n[WireGuardPeer]\nPublicKey=${base64}\n`,
    ],
    words: ['[Network]', '[Route]', 'Address=', 'AllowedIPs=', '\\\n', '\n', '"', '10.0.0.0/8', base64],
  },
}

/** Whether an error is one that a reader of foreign input may raise. */
export const isExpected = (error: unknown): boolean =>
  isWgqError(error) || (error instanceof Error && error.constructor.name === 'NetlinkError')
