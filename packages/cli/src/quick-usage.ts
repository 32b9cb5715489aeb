// SPDX-License-Identifier: MIT

/** The text of `wg-quick --help`, with upstream's facts in our own words. */
export const quickUsage = (program: string): string =>
  `Usage: ${program} [ up | down | save | strip ] [ CONFIG_FILE | INTERFACE ]

  CONFIG_FILE is a file whose name is the name of an interface followed by
  \`.conf'. INTERFACE is the name of an interface, configured by the file
  /etc/wireguard/INTERFACE.conf. Both are read as wg(8) reads them, with these
  keys in addition, which belong into the section [Interface]:

  - Address: addresses for the interface, separated by commas, any number of times.
  - DNS: name servers (addresses) and search domains (anything else), likewise.
  - MTU: the interface's MTU; found out from the routes to the endpoints if absent.
  - Table: the routing table for the routes of the allowed IPs. \`off' adds none,
    \`auto', the default, uses the main table and sends default routes through a
    table of their own.
  - PreUp, PostUp, PreDown, PostDown: commands for bash(1) to run before and after
    the interface comes up or goes down; %i stands for its name. Any number of times.
  - SaveConfig: \`true' writes the running configuration back before going down.

  wg-quick(8) tells more and has examples.
`
