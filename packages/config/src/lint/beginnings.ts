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
  [
    /^(?:client|tls-client|pull|dev[\t ]+(?:tun|tap)\S*|remote[\t ]+\S+[\t ]+[0-9]+.*|proto[\t ]+(?:udp|tcp)\S*|<(?:ca|cert|key)>)[\t ]*$/,
    'a configuration of OpenVPN',
    'ask for one of WireGuard: its keys and addresses are others',
  ],
  [
    /^(?:auto|allow-hotplug|iface)[\t ]+\S/,
    'a file of ifupdown (/etc/network/interfaces)',
    'the configuration is the file that its `wg setconf` or `wg-quick` line names',
  ],
  [/^WGConfig[\t ]*=/, 'a configuration of wireproxy', 'the file that its WGConfig line names is the one'],
  [
    /^(?:Description|Interface|Connection)=/,
    'a profile of netctl',
    'the file that its WGConfigFile line names is the one',
  ],
  [/^networking\.wireguard\b/, 'a configuration of NixOS', showconf],
  [
    /^(?:(?:sudo[\t ]+)?ip[\t ]+(?:-\S+[\t ]+)*(?:link|addr|address|route)|(?:sudo[\t ]+)?wg[\t ]+set|modprobe)[\t ]/,
    'a shell script',
    showconf,
  ],
  [/^interface[\t ]+wireguard/i, 'commands for a router', 'let the router export the tunnel as a .conf file'],
  [
    /^(?:access_token|device_id|license_key)[\t ]*=/,
    'the account file of wgcf',
    '`wgcf generate` writes the configuration of the account',
  ],
  [
    /^(?:cloned_interfaces|(?:create_args|ifconfig)_\w+|wireguard_(?:enable|interfaces))=/,
    'a piece of rc.conf of FreeBSD',
    showconf,
  ],
  [
    /^(?:-----BEGIN PGP|-----BEGIN AGE|age-encryption\.org\/|\$ANSIBLE_VAULT;)/,
    'an encrypted file',
    'decrypt it first',
  ],
  [
    /^-----BEGIN /,
    'a certificate or a key in PEM',
    'a tunnel needs neither: its keys are in [Interface] and [Peer]',
  ],
  [/^\{\\rtf/, 'a document in RTF', 'save it as plain text in UTF-8'],
  [/^```/, 'a piece of Markdown', 'remove the lines that begin with ```'],
  [/^(?:wgkey|wgpeer|inet6?|!)[\t ]/, 'a hostname.if of OpenBSD or an ifconfig.if of NetBSD', showconf],
  [/^(?:vpn|wireguard|wg|awg):\/\//, 'a link for an app', 'export the configuration as a file from the app'],
  [/^\{/, 'JSON', 'export the configuration as a .conf file'],
  [
    /^(?:---[\t ]*$|(?:machine|interfaces|services|version|apiVersion|kind|wireguard|peers):)/,
    'YAML of another program',
    'export the configuration as a .conf file',
  ],
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
