// SPDX-License-Identifier: MIT

import type { BsdPlatform } from './machine.ts'
import { amd64 } from './machine.ts'
import { familyWordBytes } from './tun-layout.ts'

/**
 * The address family word that a tun(4) needs before an IP packet, by the packet's version: 4 bytes in network order.
 * Undefined if it is not an IP packet.
 */
export const familyWord = (platform: BsdPlatform, packet: Uint8Array): Buffer | undefined => {
  const version = (packet[0] ?? 0) >> 4
  if (version !== 4 && version !== 6) return undefined
  const word = Buffer.alloc(familyWordBytes)
  word.writeUInt32BE(version === 4 ? 2 : amd64(platform).fact('AF_INET6'))
  return word
}

/** The IP packet after the family word in `read`; undefined if the word and the packet's version disagree. */
export const packetBehindWord = (platform: BsdPlatform, read: Buffer): Buffer | undefined => {
  const packet = read.subarray(familyWordBytes)
  const word = familyWord(platform, packet)
  return word && read.length > familyWordBytes && word.equals(read.subarray(0, familyWordBytes))
    ? packet
    : undefined
}
