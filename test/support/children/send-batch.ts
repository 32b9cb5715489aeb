// SPDX-License-Identifier: MIT
// Sends one batch of messages to 127.0.0.1 with an engine. Arguments: PORT, number of packets, bytes of each, the
// learned source (none, lost: an address that is not there, kept), and `segmented` for an engine that may use kernel
// segmentation. Prints its counters as JSON, with hasSource: whether the peer still has its learned source.
import { openSync } from 'node:fs'
import { createEngine } from '../../../packages/native/src/engine.ts'
import { allowedIp, endpoint, packetOf, virtio } from '../../../packages/native/src/fixtures/packets.ts'
import { beginSession, injectPacket } from '../../../packages/native/src/testing.ts'

const [port = 0, count = 0, bytes = 0] = process.argv.slice(2, 5).map(Number)
const source = process.argv[5]
const udpSegment = 5

const engine = createEngine({
  tun: { fd: openSync('/dev/null', 'r+'), vnetHeader: true, udpSegmentation: true },
  mtu: 1420,
  onWake: () => {},
  udpSegmentation: process.argv[6] === 'segmented',
})
engine.bind(0)
const peer = engine.addPeer(Buffer.alloc(32, 9))
const at = endpoint([127, 0, 0, 1], port)
if (source !== 'none') {
  at[24] = 4
  at.set(source === 'lost' ? [192, 0, 2, 1] : [127, 0, 0, 1], 32)
}
engine.setEndpoint(peer, at)
engine.updateAllowedIps(allowedIp('add', peer, [0, 0, 0, 0], 0))
beginSession(engine, peer, {
  role: 'initiator',
  localIndex: 1,
  remoteIndex: 2,
  sendKey: Buffer.alloc(32, 1),
  receiveKey: Buffer.alloc(32, 2),
})
const packet = packetOf({ protocol: 'udp', payload: Buffer.alloc(count * bytes) })
const header = virtio({ flags: 1, type: udpSegment, size: bytes, start: 20, offset: 6 })
injectPacket(engine, header, packet)
process.stdout.write(
  JSON.stringify({ ...engine.counters(), hasSource: engine.peerEndpoint(peer)?.[24] === 4 }),
)
engine.close()
