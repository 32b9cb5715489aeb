// SPDX-License-Identifier: MIT
// Endpoints that a kernel reports in a form that nobody knows: the device is read, and the peer has a note instead.
import { amd64, machineOf } from '@wgq/native/bsd/machine'
import { expect, test } from 'vitest'
import { readReply } from '../netbsd/device-reply.ts'
import { parsePlist } from '../netbsd/plist-parser.ts'
import { encodeChange } from '../openbsd/device-change.ts'
import { decodeDevice } from '../openbsd/device-reply.ts'
import { recordsOf } from '../openbsd/layout.ts'
import { readVectors } from './fixtures/vectors.ts'
import { memoryOf } from './memory.ts'

const publicKey = readVectors('openbsd-wgdataio.json').keys.peer1.pub
const endpoint = { family: 4, address: '192.0.2.1', port: 7 } as const
const machines = [amd64('openbsd'), machineOf('openbsd', 'ia32', 'LE'), machineOf('openbsd', 'ppc', 'BE')]

test.each([0, 1, 28, 99, 255])(
  'OpenBSD: family %i, on each kind of machine and in both layouts',
  (family) => {
    for (const machine of machines)
      for (const abi of ['7.3', '7.4'] as const) {
        if (!machine) throw new Error('no machine')
        const records = recordsOf(machine, abi)
        const change = {
          peers: [
            { publicKey, endpoint },
            { publicKey: publicKey.replace('C', 'D'), endpoint },
          ],
        }
        // In a reply each record is followed by its own padding.
        const padding = Buffer.alloc(records.peer.bytes - records.peer.allowedIps)
        const bytes = Buffer.concat([encodeChange(change, records, () => undefined), padding])
        bytes[records.device.peers + records.peer.endpoint + 1] = family
        const { peers } = decodeDevice('wg0', bytes, [records])
        expect(peers.map((peer) => [peer.endpoint, peer.note])).toEqual([
          [undefined, `the kernel has an endpoint of address family ${family} (28 bytes)`],
          [endpoint, undefined],
        ])
      }
  },
)

test.each([
  ['another family', Buffer.from([16, 28, ...Buffer.alloc(14)]), 'address family 28 (16 bytes)'],
  ['too short for IPv4', Buffer.from([8, 2, 0, 7]), 'address family 2 (4 bytes)'],
  ['too short for IPv6', Buffer.from([28, 24, ...Buffer.alloc(14)]), 'address family 24 (16 bytes)'],
  ['one byte', Buffer.from([1]), 'address family unknown (1 bytes)'],
  ['nothing', Buffer.alloc(0), 'address family unknown (0 bytes)'],
])('NetBSD: %s', (_, bytes, note) => {
  const vector = readVectors('netbsd-plist.json').get.find(
    ({ name }: { name: string }) => name === 'get-three-peers-user',
  )
  let replaced = false
  const plist = vector.plist.replace(
    /(<key>endpoint<\/key>\s*<data>)[^<]*/,
    (_all: string, before: string) => {
      replaced = true
      return before + bytes.toString('base64')
    },
  )
  expect(replaced).toBe(true)
  const { peers } = readReply(parsePlist(plist), memoryOf(amd64('netbsd')))
  expect(peers).toHaveLength(3)
  expect(peers.filter((peer) => peer.note !== undefined).map((peer) => [peer.endpoint, peer.note])).toEqual([
    [undefined, `the kernel has an endpoint of ${note}`],
  ])
})
