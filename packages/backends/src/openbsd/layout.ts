// SPDX-License-Identifier: MIT
import type { Machine } from '@wgq/native/bsd/machine'
import { type Memory, memoryOf } from '../bsd/memory.ts'

/** i_flags. */
export const interfaceFlag = {
  hasPublic: 1,
  hasPrivate: 2,
  hasPort: 4,
  hasRtable: 8,
  replacePeers: 16,
} as const

/** p_flags. `setDescription` exists from 7.4. */
export const peerFlag = {
  hasPublic: 1,
  hasPsk: 2,
  hasKeepalive: 4,
  hasEndpoint: 8,
  replaceAllowedIps: 16,
  remove: 32,
  updateOnly: 64,
  setDescription: 128,
} as const

/** The two ABIs of the peer record: from 7.4 a description of 64 bytes follows the handshake time. */
type Abi = '7.3' | '7.4'

/** Bytes of a peer's description (IFDESCRSIZE). */
const descriptionBytes = 64

/**
 * The records of wg(4) on one machine (spec bsd §3.1): one interface record, then each peer's record followed at once by
 * its allowed IPs. All numbers are offsets or sizes in bytes; the port is in host order.
 */
export interface Records {
  readonly abi: Abi
  readonly memory: Memory
  readonly littleEndian: boolean
  /** SIOCSWG and SIOCGWG. */
  readonly requests: { readonly set: number; readonly get: number }
  /** struct wg_data_io. */
  readonly data: { readonly bytes: number; readonly size: number; readonly pointer: number }
  readonly device: {
    readonly bytes: number
    readonly flags: number
    readonly port: number
    readonly rtable: number
    readonly publicKey: number
    readonly privateKey: number
    readonly peerCount: number
    /** Where the first peer is: `bytes`, or more where padding goes before it. */
    readonly peers: number
  }
  readonly peer: {
    readonly bytes: number
    readonly flags: number
    readonly protocolVersion: number
    readonly publicKey: number
    readonly presharedKey: number
    readonly keepaliveSeconds: number
    readonly endpoint: number
    readonly txBytes: number
    readonly rxBytes: number
    readonly handshakeSeconds: number
    readonly handshakeNanoseconds: number
    readonly allowedIpCount: number
    /** Where the first allowed IP is: before the end of the record where that is padded (32-bit ARM). */
    readonly allowedIps: number
  }
  readonly allowedIp: {
    readonly bytes: number
    readonly family: number
    readonly prefixLength: number
    readonly address: number
  }
}

/** The records of a machine as in its headers (7.4 and later), or as in releases up to 7.3. */
export const recordsOf = (machine: Machine, abi: Abi): Records => {
  const { fact, wordBytes } = machine
  const handshake = fact('wg_peer_io.p_last_handshake')
  const removed = abi === '7.3' ? descriptionBytes : 0
  return {
    abi,
    memory: memoryOf(machine),
    littleEndian: machine.littleEndian,
    requests: { set: fact('SIOCSWG'), get: fact('SIOCGWG') },
    data: {
      bytes: fact('wg_data_io.size'),
      size: fact('wg_data_io.wgd_size'),
      pointer: fact('wg_data_io.wgd_interface'),
    },
    device: {
      bytes: fact('wg_interface_io.size'),
      flags: fact('wg_interface_io.i_flags'),
      port: fact('wg_interface_io.i_port'),
      rtable: fact('wg_interface_io.i_rtable'),
      publicKey: fact('wg_interface_io.i_public'),
      privateKey: fact('wg_interface_io.i_private'),
      peerCount: fact('wg_interface_io.i_peers_count'),
      peers: fact('wg_interface_io.i_peers'),
    },
    peer: {
      bytes: fact('wg_peer_io.size') - removed,
      flags: fact('wg_peer_io.p_flags'),
      protocolVersion: fact('wg_peer_io.p_protocol_version'),
      publicKey: fact('wg_peer_io.p_public'),
      presharedKey: fact('wg_peer_io.p_psk'),
      keepaliveSeconds: fact('wg_peer_io.p_pka'),
      endpoint: fact('wg_peer_io.p_endpoint'),
      txBytes: fact('wg_peer_io.p_txbytes'),
      rxBytes: fact('wg_peer_io.p_rxbytes'),
      handshakeSeconds: handshake + fact('timespec.tv_sec'),
      // tv_nsec is a long in host order; nanoseconds need only its low half.
      handshakeNanoseconds: handshake + fact('timespec.tv_nsec') + lowHalf(machine.littleEndian, wordBytes),
      allowedIpCount: fact('wg_peer_io.p_aips_count') - removed,
      allowedIps: fact('wg_peer_io.p_aips') - removed,
    },
    allowedIp: {
      bytes: fact('wg_aip_io.size'),
      family: fact('wg_aip_io.a_af'),
      prefixLength: fact('wg_aip_io.a_cidr'),
      address: fact('wg_aip_io.a_addr'),
    },
  }
}

/** The ABI of a release (`os.release()`: `7.8`); an unparsable one counts as new. */
export const abiOf = (release: string): Abi => {
  const [major, minor] = release.split('.').map(Number)
  if (major === undefined || minor === undefined || Number.isNaN(major) || Number.isNaN(minor)) return '7.4'
  return major < 7 || (major === 7 && minor < 4) ? '7.3' : '7.4'
}

/** Offset of the low 32 bits in a long. */
const lowHalf = (littleEndian: boolean, wordBytes: number): number => (littleEndian ? 0 : wordBytes - 4)
