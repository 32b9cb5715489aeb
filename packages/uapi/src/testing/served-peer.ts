// SPDX-License-Identifier: MIT
import { type Key, keyFromHex } from '@wgq/model/key'
import type { ServedPeerState } from '../server-device.ts'

/** A peer with nothing but a key, which is the number. */
export const servedPeer = (index: number): ServedPeerState => ({
  publicKey: keyFromHex(index.toString(16).padStart(64, '0')) as Key,
  presharedKey: undefined,
  endpoint: undefined,
  lastHandshakeNs: 0n,
  rxBytes: 0n,
  txBytes: 0n,
  keepaliveSeconds: 0,
  allowedIps: [],
})
