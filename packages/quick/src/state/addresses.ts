// SPDX-License-Identifier: MIT
import type { Setting } from '@wgq/config/settings'
import type { Op } from '@wgq/model/operation'

/** `ip address add` for every address in file order; anything with a colon is IPv6 (spec wg-quick §6). */
export const planAddresses = (dev: string, addresses: readonly Setting[]): Op[] =>
  addresses.map(({ value }) => ({
    do: 'address.add',
    dev,
    family: value.includes(':') ? 6 : 4,
    address: value,
  }))
