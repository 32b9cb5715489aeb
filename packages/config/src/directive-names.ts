// SPDX-License-Identifier: MIT

/** Comments of the [Interface] section, `# NAME = value`, that tell wgq something about the tunnel; other programs pass over them. */
export const directiveNames = [
  'KillSwitch',
  'KillSwitchAllow',
  'ReplyOutside',
  'StickyPort',
  'SocketGroup',
  'Masquerade',
  'Forward',
  'Before',
  'ClientEndpoint',
  'ClientDNS',
  'ClientAllowedIPs',
  'ClientKeepalive',
  'ClientMTU',
] as const

/** The name of one of them. */
export type DirectiveName = (typeof directiveNames)[number]
