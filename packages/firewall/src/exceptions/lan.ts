// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'

/**
 * The networks of `lan`: private and link-local ones (RFC 1918, 3927, 4193, 4291), broadcast and multicast. The list is
 * fixed, because a network could announce any prefix as its own.
 */
export const lanNetworks: Readonly<Record<Family, readonly string[]>> = {
  4: [
    '10.0.0.0/8',
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.168.0.0/16',
    '224.0.0.0/24',
    '239.255.255.250/32',
    '255.255.255.255/32',
  ],
  6: ['fc00::/7', 'fe80::/10', 'ff02::/16'],
}

/** `lan` excludes DNS, in clear or over TLS, unless the file names the network itself. */
export const namePorts = [53, 853] as const
