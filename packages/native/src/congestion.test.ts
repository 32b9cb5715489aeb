// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import { headerValid, packetOf } from './fixtures/packets.ts'
import { markCongestion } from './testing.ts'

const payload = new Uint8Array(8)
/** An IP packet with these ECN bits: 0 not capable, 1 and 2 capable, 3 marked. */
const withEcn = (version: 4 | 6, ecn: number): Buffer => {
  const packet = Buffer.from(packetOf({ version, payload }))
  if (version === 6) packet[1] = ((packet[1] as number) & 0xcf) | (ecn << 4)
  else {
    packet[1] = ((packet[1] as number) & 0xfc) | ecn
    packet.writeUInt16BE(0, 10)
    packet.writeUInt16BE(headerSum(packet), 10)
  }
  return packet
}
const headerSum = (packet: Buffer): number => {
  let sum = 0
  for (let at = 0; at < 20; at += 2) sum += packet.readUInt16BE(at)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

// RFC 6040 §4.2: the mark of the outer header is passed on to ECN-capable packets.
describe.each([4, 6] as const)('congestion on the way, IPv%i', (version) => {
  test.each([1, 2])('marks a packet that is capable of it (%i)', (ecn) => {
    const marked = Buffer.from(markCongestion(withEcn(version, ecn)))
    expect(marked).toEqual(withEcn(version, 3))
    if (version === 4) expect(headerValid(marked)).toBe(true)
  })

  test.each([0, 3])('leaves any other as it was (%i)', (ecn) => {
    expect(Buffer.from(markCongestion(withEcn(version, ecn)))).toEqual(withEcn(version, ecn))
  })
})
