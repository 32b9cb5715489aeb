// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'

/**
 * What `lan` means: private and link-local networks (RFC 1918, 3927, 4193, 4291), and what is sent to all in a network. The
 * list is fixed: what a network says of itself could be anything.
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

/** Names are not asked for in the LAN, in clear or over TLS, where it is not named by its network. */
export const namePorts = [53, 853] as const
