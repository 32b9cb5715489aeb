// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import { isKey } from '@wgq/model/key'
import type { TunnelFile } from './tunnel-file.ts'

const mostCharacters = 64

/**
 * Returns the name as written to the file. Raises `E_PEER_NAME` for a name that cannot be in the file, that would be
 * read as something else, or that another peer has.
 */
export const newName = (word: string, { peers }: TunnelFile): string => {
  const name = word.trim()
  const fault = faultOf(name)
  if (fault !== undefined)
    throw new WgqError('E_PEER_NAME', `${JSON.stringify(name)} is not a name for a peer: ${fault}`, {
      hint: 'use letters, digits, blanks and . _ @ + - \', for example "phone"',
    })
  if (peers.some((peer) => peer.name === name))
    throw new WgqError('E_PEER_NAME', `There is a peer called "${name}" already`, {
      hint: 'choose another name; `wgq peer rotate` gives a peer new keys, `wgq peer remove` removes it',
    })
  return name
}

const faultOf = (name: string): string | undefined => {
  if (name === '') return 'it is empty'
  if (name.length > mostCharacters) return `it has more than ${mostCharacters} characters`
  if (/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(name)) return 'it has control characters'
  if (/[/\\#"`=()]/.test(name)) return 'it has a character that means something in a file or a shell'
  if (/^[-.@]/.test(name)) return 'its first character is not a letter or a digit'
  return isKey(name) ? 'it is a key' : undefined
}
