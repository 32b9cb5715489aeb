// SPDX-License-Identifier: MIT
import { parseIp } from '@wgq/model/ip'
import { type Key, keyBytes } from '@wgq/model/key'
import type { Memory } from '../bsd/memory.ts'
import { afInet, afInet6, encodeSockaddr, type InterfaceIndex } from '../bsd/sockaddr.ts'
import type { NamedPeer } from './peer.ts'
import type { Plist } from './plist.ts'

/** One call of SIOCSDRVSPEC: NetBSD changes one setting per call (spec bsd §4.1). */
export interface DriverRequest {
  /** ifd_cmd. */
  readonly command: number
  readonly plist: Plist
}

/** ifd_cmd values of wg(4). */
export const driverCommand = { setPrivateKey: 1, setListenPort: 2, addPeer: 4, deletePeer: 8 } as const

/** `wgconfig IF set private-key FILE`. */
export const setPrivateKey = (key: Key): DriverRequest => ({
  command: driverCommand.setPrivateKey,
  plist: dict({ private_key: data(keyBytes(key)) }),
})

/** `wgconfig IF set listen-port PORT`. */
export const setListenPort = (port: number): DriverRequest => ({
  command: driverCommand.setListenPort,
  plist: dict({ listen_port: unsigned(port) }),
})

/** `wgconfig IF add peer NAME KEY …`. */
export const addPeer = (peer: NamedPeer, interfaceIndex: InterfaceIndex, memory: Memory): DriverRequest => ({
  command: driverCommand.addPeer,
  plist: dict({
    name: peer.name === undefined ? undefined : { type: 'string', text: peer.name },
    public_key: data(keyBytes(peer.publicKey)),
    preshared_key: peer.presharedKey && data(keyBytes(peer.presharedKey)),
    endpoint: peer.endpoint && data(encodeSockaddr(peer.endpoint, afInet6.netbsd, interfaceIndex, memory)),
    allowedips: allowedIps(peer),
  }),
})

/** `wgconfig IF delete peer NAME`. */
export const deletePeer = (name: string): DriverRequest => ({
  command: driverCommand.deletePeer,
  plist: dict({ name: { type: 'string', text: name } }),
})

const allowedIps = (peer: NamedPeer): Plist | undefined => {
  if (peer.allowedIps.length === 0) return undefined
  const items = peer.allowedIps.map((cidr) =>
    dict({
      cidr: unsigned(cidr.prefixLength),
      family: unsigned(cidr.family === 4 ? afInet : afInet6.netbsd),
      ip: data(Buffer.from(parseIp(cidr.address) ?? [])),
    }),
  )
  return { type: 'array', items }
}

const dict = (entries: Record<string, Plist | undefined>): Plist => ({
  type: 'dict',
  entries: new Map(
    Object.entries(entries).filter((entry): entry is [string, Plist] => entry[1] !== undefined),
  ),
})

const data = (bytes: Buffer): Plist => ({ type: 'data', bytes })

const unsigned = (value: number): Plist => ({ type: 'integer', value: BigInt(value), signed: false })
