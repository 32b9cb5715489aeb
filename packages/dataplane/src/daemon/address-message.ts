// SPDX-License-Identifier: MIT
import { addressFamily, flag } from '@wgq/netlink/protocol'
import { messagesOfTypes, numberAt, request } from './kernel-message.ts'

// Addresses of this machine. if_addr.h
const type = { new: 20, get: 22 } as const
const attribute = { address: 1, local: 2 } as const
const addressBytes = 8
const scopeLink = 253
const scopeHost = 254
/** IFA_F_DADFAILED, IFA_F_DEPRECATED, IFA_F_TENTATIVE. */
const unfitAddress = 0x08 | 0x20 | 0x40

/** An address of this machine. */
export interface HostAddress {
  readonly index: number
  readonly address: Buffer
  readonly scope: 'global' | 'link' | 'host'
  /** Not usable: tentative, duplicate, or deprecated. */
  readonly isUnfit: boolean
}

/** `ip -FAMILY address show`; the answer ends with {@link isLastOfDump}. */
export const addressesQuery = (family: 4 | 6): Buffer =>
  request(type.get, flag.dump, (writer) => {
    writer.u8(addressFamily[family])
    for (const value of [0, 0, 0]) writer.u8(value)
    writer.u32(0)
  })

/** Reads a datagram of the answer to {@link addressesQuery}. */
export const readAddresses = (datagram: Uint8Array): HostAddress[] => {
  const found: HostAddress[] = []
  for (const { fixed, attributes } of messagesOfTypes(datagram, [type.new], addressBytes)) {
    const address = attributes.get(attribute.local) ?? attributes.get(attribute.address)
    if (address === undefined) continue
    const scope = fixed[3] as number
    found.push({
      index: numberAt(fixed, 4) as number,
      address,
      scope: scope >= scopeHost ? 'host' : scope >= scopeLink ? 'link' : 'global',
      isUnfit: ((fixed[2] as number) & unfitAddress) !== 0,
    })
  }
  return found
}
