// SPDX-License-Identifier: MIT
import { parseIp } from '@wgq/model/ip'

/**
 * Returns whether a word of `DNS` that is not an address can be a domain: a search domain, or a routing domain with a
 * leading `~`, to whose names the servers are limited (as in systemd's `Domains=`; `~.` means all names).
 */
export const isDomain = (word: string): boolean =>
  word.length <= 254 && /^~?(?:\.|[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*\.?)$/u.test(word)

/** Returns whether a word of `DNS` is the address of a name server; a link-local one may have a zone. */
export const isNameServer = (word: string): boolean => parseIp(word.replace(/%[\w.-]+$/, '')) !== undefined
