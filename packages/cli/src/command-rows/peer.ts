// SPDX-License-Identifier: MIT
import type { Command, Operand, Option } from '../command-row.ts'

const tunnel: Operand = {
  name: 'interface',
  kind: 'config',
  summary: 'the tunnel: a name (/etc/wireguard/NAME.conf) or the path of its file; it need not run',
}
const peer: Operand = { name: 'peer', kind: 'peer-name', summary: 'name of a peer, or its public key' }
const output: Option = {
  name: 'output',
  short: 'o',
  summary: "write the client's file here (mode 0600) instead of printing it",
  valueName: 'file',
  valueKind: 'file',
}
const qr: Option = { name: 'qr', summary: 'show it as a QR code for the apps on phones' }
const keep: Option = {
  name: 'keep',
  summary:
    "keep the client's file, private key included, in NAME.clients beside the configuration (mode 0600)",
}
const clientOptions: readonly Option[] = [
  output,
  qr,
  keep,
  {
    name: 'public-key',
    summary: 'of a client that made its own key; the file then says where its private key belongs',
    valueName: 'key',
    valueKind: 'text',
  },
  {
    name: 'endpoint',
    summary: 'where the client finds this server, instead of `# ClientEndpoint`',
    valueName: 'host[:port]',
    valueKind: 'text',
  },
]
const common = { personalities: ['wgq'], group: 'peers' } as const

/** Verbs that manage the peers of a server in its configuration file and in the running tunnel. */
export const peerCommands: readonly Command[] = [
  {
    ...common,
    verb: 'init',
    summary: "Write a server's first configuration file",
    usage: '<interface>',
    operands: [
      { name: 'interface', kind: 'text', summary: 'name of the new tunnel, or the path of its file' },
    ],
    options: [
      {
        name: 'address',
        summary:
          'addresses of the server with their networks; a free private network of each family unless given',
        valueName: 'cidr,...',
        valueKind: 'text',
      },
      {
        name: 'port',
        summary: 'UDP port, 51820 or the next free one unless given',
        valueName: 'number',
        valueKind: 'number',
      },
      {
        name: 'endpoint',
        summary:
          'where clients find this server: a host name or an address, with a port if another one is forwarded',
        valueName: 'host[:port]',
        valueKind: 'text',
      },
      {
        name: 'nat',
        summary:
          'let the clients reach the internet through this uplink, the one with the default route unless given',
        valueName: 'uplink',
        valueKind: 'text',
        valueOptional: true,
      },
      {
        name: 'dns',
        summary: 'name servers and search domains for the clients',
        valueName: 'list',
        valueKind: 'text',
      },
    ],
    description: ['A file that is there already is never overwritten. The next two commands are shown.'],
    examples: [
      {
        command: 'wgq init wg0 --endpoint vpn.example.net --nat',
        summary: 'then `wgq up wg0` and `wgq peer add wg0 phone --qr`',
      },
    ],
  },
  {
    ...common,
    verb: 'peer add',
    summary: 'Add a peer to the file and the running tunnel, and print the file for it',
    usage: '<interface> <name>',
    operands: [tunnel, { name: 'name', kind: 'text', summary: 'what to call it' }],
    options: [
      {
        name: 'address',
        summary: 'addresses of the peer; the next free one of each network of the interface unless given',
        valueName: 'address,...',
        valueKind: 'text',
      },
      ...clientOptions,
    ],
    description: [
      'All of it or nothing: where a step fails, file and tunnel are as before. The private key of the client is made here, printed once and stored nowhere, unless --keep asks for it.',
      'Defaults for the clients are in the [Interface] section of the file as comments, which wg-quick passes over: `# ClientEndpoint`, `# ClientDNS`, `# ClientAllowedIPs`, `# ClientKeepalive`, `# ClientMTU`.',
    ],
    examples: [
      {
        command: 'wgq peer add wg0 phone --qr',
        summary: 'keys, addresses, file, running tunnel and a code to scan',
      },
      {
        command: 'wgq peer add wg0 laptop --output laptop.conf',
        summary: 'a file for the laptop, mode 0600',
      },
    ],
  },
  {
    ...common,
    verb: 'peer list',
    summary: 'Show the peers of a tunnel: names, addresses, who is there',
    usage: '<interface>',
    operands: [tunnel],
    options: [{ name: 'json', summary: 'print JSON (docs/schema/peers.json)' }],
    examples: [{ command: 'wgq peer list wg0', summary: 'also those that are switched off' }],
  },
  {
    ...common,
    verb: 'peer show',
    summary: "Show one peer, and its client's file where it was kept",
    usage: '<interface> <peer>',
    operands: [tunnel, peer],
    options: [qr],
    examples: [{ command: 'wgq peer show wg0 phone --qr', summary: 'for a peer that was added with --keep' }],
  },
  {
    ...common,
    verb: 'peer remove',
    summary: 'Remove peers from the file and the running tunnel',
    usage: '<interface> <peer>...',
    operands: [tunnel, { ...peer, repeated: true }],
    options: [],
    examples: [{ command: 'wgq peer remove wg0 phone', summary: 'its kept file goes too' }],
  },
  {
    ...common,
    verb: 'peer rename',
    summary: 'Give a peer another name',
    usage: '<interface> <peer> <new name>',
    operands: [tunnel, peer, { name: 'new name', kind: 'text', summary: 'what to call it from now on' }],
    options: [],
    examples: [{ command: 'wgq peer rename wg0 phone "Anna\'s phone"', summary: 'keys and sessions stay' }],
  },
  {
    ...common,
    verb: 'peer disable',
    summary: 'Lock peers out and keep their lines in the file as comments',
    usage: '<interface> <peer>...',
    operands: [tunnel, { ...peer, repeated: true }],
    options: [],
    examples: [{ command: 'wgq peer disable wg0 phone', summary: 'its addresses stay reserved' }],
  },
  {
    ...common,
    verb: 'peer enable',
    summary: 'Let peers in again that were disabled',
    usage: '<interface> <peer>...',
    operands: [tunnel, { ...peer, repeated: true }],
    options: [],
    examples: [{ command: 'wgq peer enable wg0 phone', summary: 'with the same keys and addresses' }],
  },
  {
    ...common,
    verb: 'peer rotate',
    summary: 'Give a peer new keys and print the new file for it',
    usage: '<interface> <peer>',
    operands: [tunnel, peer],
    options: clientOptions,
    examples: [
      { command: 'wgq peer rotate wg0 phone --qr', summary: 'a phone that was lost: the old file is void' },
    ],
  },
  {
    ...common,
    verb: 'peer expire',
    summary: 'Set a day after which a peer is locked out, or take it away',
    usage: '<interface> <peer>',
    operands: [tunnel, peer],
    options: [
      { name: 'in', summary: 'after this time: 90m, 12h, 30d, 2w', valueName: 'time', valueKind: 'text' },
      {
        name: 'at',
        summary: 'at this time: 2027-01-31 or 2027-01-31T18:00Z',
        valueName: 'date',
        valueKind: 'text',
      },
      { name: 'never', summary: 'take the day away' },
    ],
    description: [
      'The day is in the file as `# Expires = …`. `wgq watch`, which wgq-watch@.service runs, disables the peer when it has come.',
    ],
    examples: [{ command: 'wgq peer expire wg0 guest --in 30d', summary: '`# Expires = …` under its name' }],
  },
]

/** The verb that lists all tunnels. */
export const listCommand: Command = {
  verb: 'list',
  personalities: ['wgq'],
  group: 'tunnel',
  summary: 'Show every tunnel that has a file, is up, or is started by systemd',
  usage: '',
  operands: [],
  options: [{ name: 'json', summary: 'print JSON (docs/schema/list.json)' }],
  description: [
    '`wgq status` is the same. Peers are counted as seen when their last handshake is less than three minutes old.',
  ],
  examples: [{ command: 'wgq list', summary: 'state, peers seen in the last three minutes, rates' }],
}
