// SPDX-License-Identifier: MIT
import { chmodSync, chownSync } from 'node:fs'
import type { ServedPeerState, ServedState } from './server-device.ts'

/** The rights of a connection: everything, or only reading without keys. */
export type Access = 'all' | 'read'

/**
 * Returns the access of a user on a socket that is open to a group: root and the owner may do everything, others may
 * read. Capabilities do not count: a program could gain them after connecting.
 */
export const accessOf = (userId: number): Access =>
  userId === 0 || userId === process.geteuid?.() ? 'all' : 'read'

/** Lets only the owner and a group connect to a socket file. Raises the system's errors. */
export const grantGroup = (path: string, groupId: number): void => {
  // Set the group before the mode, so that the old group never gets access.
  chownSync(path, process.geteuid?.() ?? 0, groupId)
  chmodSync(path, 0o770)
}

/** The device without its private and preshared keys, with its public key instead. */
export const withoutKeys = (state: ServedState): ServedState => ({
  ...state,
  privateKey: undefined,
  peers: peersWithoutKeys(state.peers),
})

function* peersWithoutKeys(peers: ServedState['peers']): Generator<ServedPeerState> {
  for (const peer of peers) yield { ...peer, presharedKey: undefined }
}
