// SPDX-License-Identifier: MIT
// Numbers of the generic netlink family "wireguard" (spec wg §13).

export const command = { get: 0, set: 1 } as const

export const deviceAttribute = {
  interfaceName: 2,
  privateKey: 3,
  publicKey: 4,
  flags: 5,
  listenPort: 6,
  fwmark: 7,
  peers: 8,
} as const

export const peerAttribute = {
  publicKey: 1,
  presharedKey: 2,
  flags: 3,
  endpoint: 4,
  keepalive: 5,
  lastHandshake: 6,
  rxBytes: 7,
  txBytes: 8,
  allowedIps: 9,
} as const

export const allowedIpAttribute = { family: 1, address: 2, prefixLength: 3, flags: 4 } as const

export const replacePeers = 1
export const peerFlag = { remove: 1, replaceAllowedIps: 2, updateOnly: 4 } as const
export const removeAllowedIp = 1
