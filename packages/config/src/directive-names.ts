// SPDX-License-Identifier: MIT

/** Directives: comments `# NAME = value` in the [Interface] section that configure wgq; other programs ignore them. */
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

/** The name of a directive. */
export type DirectiveName = (typeof directiveNames)[number]
