// SPDX-License-Identifier: MIT

/**
 * Records of OpenBSD's wg(4) on LP64 machines (spec bsd §3.1): one interface record, then each peer's record followed at
 * once by its allowed IPs. All numbers are little-endian; the port is in host order.
 */
export const interfaceRecord = {
  bytes: 80,
  flags: 0,
  port: 2,
  rtable: 4,
  publicKey: 8,
  privateKey: 40,
  peerCount: 72,
} as const

/** i_flags. */
export const interfaceFlag = {
  hasPublic: 1,
  hasPrivate: 2,
  hasPort: 4,
  hasRtable: 8,
  replacePeers: 16,
} as const

/** Where the fields of a peer record stand; the two ABIs differ in what follows the handshake time. */
export interface PeerRecord {
  readonly bytes: number
  /** Offset of the u64 number of allowed IPs. */
  readonly allowedIpCount: number
}

/** Fields of a peer record that never moved. */
export const peerField = {
  flags: 0,
  protocolVersion: 4,
  publicKey: 8,
  presharedKey: 40,
  keepaliveSeconds: 72,
  endpoint: 76,
  txBytes: 104,
  rxBytes: 112,
  handshakeSeconds: 120,
  handshakeNanoseconds: 128,
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

/** 6.8 to 7.3. */
export const peerRecord73: PeerRecord = { bytes: 144, allowedIpCount: 136 }

/** 7.4 and later: a description of 64 bytes stands at 136. */
export const peerRecord74: PeerRecord = { bytes: 208, allowedIpCount: 200 }

/** struct wg_aip_io. */
export const allowedIpRecord = { bytes: 24, family: 0, prefixLength: 4, address: 8 } as const

/** The layout of a release (`os.release()`: `7.8`); one that is not understood counts as new. */
export const peerRecordOf = (release: string): PeerRecord => {
  const [major, minor] = release.split('.').map(Number)
  if (major === undefined || minor === undefined || Number.isNaN(major) || Number.isNaN(minor))
    return peerRecord74
  return major < 7 || (major === 7 && minor < 4) ? peerRecord73 : peerRecord74
}
