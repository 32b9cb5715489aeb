// SPDX-License-Identifier: MIT
import { isInterfaceName } from './foreign.ts'

const mostCharacters = 15

/**
 * A name that Linux, wg-quick, NetworkManager and networkd all accept, as close as possible to the given one: other
 * characters become `-`, a long name is cut. A valid name is unchanged.
 */
export const interfaceNameFrom = (text: string): string => {
  if (isInterfaceName(text) && !/^[0-9]+$/.test(text)) return text
  const plain = text.replace(/[^a-zA-Z0-9_=+.-]+/g, '-').replace(/^[-.]+|-+$/g, '')
  // systemd reads a name of digits alone as an interface index.
  const named = plain === '' || /^[0-9]+$/.test(plain) ? `wg${plain}` : plain
  return named.slice(0, mostCharacters).replace(/-+$/, '')
}
