// SPDX-License-Identifier: MIT

/** What kind of file another program wrote, and how to get a configuration out of it. */
export interface Beginning {
  readonly name: string
  readonly hint: string
}

const showconf = '`wg showconf NAME` prints keys and peers in the form of a configuration'

const beginnings: ReadonlyArray<readonly [RegExp, name: string, hint: string]> = [
  [
    /^\/interface[/ ]wireguard/,
    'a script of MikroTik RouterOS',
    'let the router show a client configuration: `/interface wireguard peers show-client-config`',
  ],
  [
    /^(?:network|tunnels):/,
    'YAML of netplan',
    '`netplan generate`, then `wgq import` of what it wrote into /run',
  ],
  [
    /^(?:package[\t ]+network|config[\t ]+(?:interface|wireguard_\S+)\b|network\.\S+=)/,
    'a configuration of OpenWrt (uci)',
    'on the router `wg showconf NAME` prints keys and peers; add Address and DNS from `uci show network`',
  ],
  [
    /^(?:set[\t ]+interfaces[\t ]+wireguard\b|interfaces[\t ]*\{)/,
    'a configuration of VyOS or EdgeOS',
    'on the router `sudo wg showconf NAME` prints keys and peers; add Address and DNS by hand',
  ],
  [/^interface:[\t ]/, 'the output of `wg show`', showconf],
  [
    /^(?:\S+\t)?[A-Za-z0-9+/]{43}=\t(?:[A-Za-z0-9+/]{43}=|\(none\))\t/,
    'the output of `wg show NAME dump`',
    showconf,
  ],
  [/^```/, 'a piece of Markdown', 'remove the lines that begin with ```'],
  [/^(?:wgkey|wgpeer|inet6?|!)[\t ]/, 'a hostname.if of OpenBSD or an ifconfig.if of NetBSD', showconf],
  [/^(?:vpn|wireguard|wg|awg):\/\//, 'a link for an app', 'export the configuration as a file from the app'],
  [/^\{/, 'JSON', 'export the configuration as a .conf file'],
  [
    /^(?:proxies:|- *(?:name|type):|proxy-groups:)/,
    'YAML of Clash',
    'export the configuration as a .conf file',
  ],
  [
    /^<\?xml|^<!DOCTYPE|^<html/i,
    'XML or HTML',
    'the download went wrong, or it is the backup of a router: export the tunnel alone',
  ],
]

/** Identifies a file by its first line, not counting comments and empty lines; undefined if unknown. */
export const beginningOf = (line: string): Beginning | undefined => {
  const known = beginnings.find(([pattern]) => pattern.test(line.trimStart()))
  return known && { name: known[1], hint: known[2] }
}
