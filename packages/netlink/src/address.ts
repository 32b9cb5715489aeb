// SPDX-License-Identifier: MIT
import type { LinkAddress } from '@wgq/model/host'
import { type Family, formatIp } from '@wgq/model/ip'
import { littleEndian } from './byte-order.ts'
import type { BatchRequest, Exchange } from './exchange.ts'
import { attributesOf, type Message } from './message-reader.ts'
import { addressFamily, flag } from './protocol.ts'

/** rtnetlink message types of addresses. */
const addressType = { new: 20, delete: 21, get: 22 } as const

// if_addr.h
const attribute = { address: 1, local: 2 } as const
const headerBytes = 8

/** An address of an interface, by number. */
interface NumberedAddress {
  readonly index: number
  readonly address: Uint8Array
  readonly prefixLength: number
}

/** `ip address add|delete ADDRESS/LENGTH dev DEV`: no broadcast, scope global, local and peer address the same. */
export const changeAddress = (act: 'new' | 'delete', address: NumberedAddress): BatchRequest => ({
  type: addressType[act],
  flags: act === 'new' ? flag.create | flag.exclusive : 0,
  fill: (writer) => {
    writer.u8(address.address.length === 4 ? addressFamily[4] : addressFamily[6])
    writer.u8(address.prefixLength)
    writer.u16(0) // flags, scope: global
    writer.u32(address.index)
    writer.bytesAttribute(attribute.local, address.address)
    writer.bytesAttribute(attribute.address, address.address)
  },
})

/** An observed address with the index of its interface. */
type ObservedAddress = Omit<LinkAddress, 'dev'> & { readonly index: number }

/** `ip -4|-6 address show dev DEV`, in the order of the kernel; both families when none is given. */
export const listAddresses = async (
  exchange: Exchange,
  index: number,
  family?: Family,
): Promise<ObservedAddress[]> => {
  let addresses: ObservedAddress[] = []
  await exchange.dump(
    addressType.get,
    0,
    (writer) => {
      writer.u8(family === undefined ? 0 : addressFamily[family])
      writer.u8(0)
      writer.u16(0)
      // The kernel filters by interface only with strict checking; otherwise we do.
      writer.u32(index)
    },
    {
      read: (message) => {
        const address = message.type === addressType.new ? readAddress(message) : undefined
        if (address?.index === index && (family === undefined || address.cidr.family === family))
          addresses.push(address)
      },
      restart: () => {
        addresses = []
      },
    },
  )
  return addresses
}

/** Reads RTM_NEWADDR or RTM_DELADDR; undefined for families other than IP. */
export const readAddress = (message: Message): ObservedAddress | undefined => {
  const cursor = attributesOf(message, headerBytes)
  let local: Uint8Array | undefined
  let peer: Uint8Array | undefined
  while (cursor.next()) {
    if (cursor.type === attribute.local) local = cursor.address()
    else if (cursor.type === attribute.address) peer = cursor.address()
  }
  // IPv6 without a peer has no IFA_LOCAL.
  const bytes = local ?? peer
  if (!bytes) return undefined
  return {
    index: message.view.getUint32(message.start + 4, littleEndian),
    cidr: {
      family: bytes.length === 4 ? 4 : 6,
      address: formatIp(bytes),
      prefixLength: message.view.getUint8(message.start + 1),
    },
    scope: scopes[message.view.getUint8(message.start + 3)] ?? 'other',
  }
}

const scopes: Readonly<Record<number, LinkAddress['scope']>> = {
  0: 'global',
  200: 'site',
  253: 'link',
  254: 'host',
}
