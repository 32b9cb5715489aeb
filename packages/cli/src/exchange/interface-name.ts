// SPDX-License-Identifier: MIT
import { isInterfaceName } from './foreign.ts'

const mostCharacters = 15

/**
 * A name that Linux, wg-quick, NetworkManager and networkd all take, as near to the given one as possible: other characters
 * become `-`, what is too long is cut. The same where it is one already.
 */
export const interfaceNameFrom = (text: string): string => {
  if (isInterfaceName(text) && !/^[0-9]+$/.test(text)) return text
  const plain = text.replace(/[^a-zA-Z0-9_=+.-]+/g, '-').replace(/^[-.]+|-+$/g, '')
  // systemd takes a name of digits alone for an index.
  const named = plain === '' || /^[0-9]+$/.test(plain) ? `wg${plain}` : plain
  return named.slice(0, mostCharacters).replace(/-+$/, '')
}
