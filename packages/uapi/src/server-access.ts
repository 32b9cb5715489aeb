// SPDX-License-Identifier: MIT
import { chmodSync, chownSync } from 'node:fs'
import type { ServedPeerState, ServedState } from './server-device.ts'

/** What a connection may ask: everything, or only what is no key and changes nothing. */
export type Access = 'all' | 'read'

/**
 * The access of a user who could connect to a socket that is open to a group: root and the owner may do everything, others read.
 * Capabilities do not count: a program that gains them after it has connected would pass for one that had them.
 */
export const accessOf = (userId: number): Access =>
  userId === 0 || userId === process.geteuid?.() ? 'all' : 'read'

/** Lets a group connect to a socket file, and nobody else but its owner. Raises the system's errors. */
export const grantGroup = (path: string, groupId: number): void => {
  // The group first: the old one must not get in between.
  chownSync(path, process.geteuid?.() ?? 0, groupId)
  chmodSync(path, 0o770)
}

/** A device without its private and preshared keys; its public key is in their place. */
export const withoutKeys = (state: ServedState): ServedState => ({
  ...state,
  privateKey: undefined,
  peers: peersWithoutKeys(state.peers),
})

function* peersWithoutKeys(peers: ServedState['peers']): Generator<ServedPeerState> {
  for (const peer of peers) yield { ...peer, presharedKey: undefined }
}
