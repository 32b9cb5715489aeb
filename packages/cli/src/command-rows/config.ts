// SPDX-License-Identifier: MIT
import type { Command, Operand } from '../command-row.ts'

const file: Operand = {
  name: 'file',
  kind: 'config',
  summary: 'a configuration file, or the name of an interface',
}

const fileOrInput: Operand = { ...file, summary: `${file.summary}; - reads standard input` }

/** Verbs that read and write configuration files and touch no interface. */
export const configCommands: readonly Command[] = [
  {
    verb: 'strip',
    personalities: ['wg-quick', 'wgq'],
    group: 'config',
    summary: 'Print a configuration without the keys of wg-quick, as setconf takes it',
    usage: '<file>',
    operands: [file],
    options: [],
    examples: [{ command: 'wgq strip wg0 | wgq syncconf wg0 /dev/stdin', summary: 'load the peers again' }],
  },
  {
    verb: 'lint',
    personalities: ['wgq'],
    group: 'config',
    summary: 'Say what is wrong with configuration files, and whether those of two sides fit together',
    usage: '<file>...',
    operands: [{ ...file, summary: 'files or names of interfaces; - reads standard input', repeated: true }],
    options: [
      { name: 'setconf', summary: 'the files are for `wg setconf`, which knows no keys of wg-quick' },
      { name: 'strict', summary: 'warnings make the exit status 1 too' },
      { name: 'quiet', short: 'q', summary: 'errors and warnings only' },
      { name: 'json', summary: 'print JSON (docs/schema/lint.json)' },
      { name: 'sarif', summary: 'print SARIF 2.1.0, for code scanning services' },
    ],
    examples: [
      { command: 'wgq lint wg0', summary: 'the file of an interface' },
      { command: 'wgq lint server.conf phone.conf', summary: 'both sides of a tunnel, compared' },
    ],
    description: ['The exit status is 1 when there is an error. docs/lint.md describes every code.'],
  },
  {
    verb: 'allowed-ips',
    personalities: ['wgq'],
    group: 'config',
    summary: 'Compute the shortest prefix list that covers some networks but not others',
    usage: '<prefixes>...',
    operands: [
      {
        name: 'prefixes',
        kind: 'text',
        summary: 'prefixes and addresses, with commas or blanks',
        repeated: true,
      },
    ],
    options: [
      {
        name: 'except',
        summary: 'leave these out; `lan` means the networks of this machine',
        valueName: 'prefixes',
        valueKind: 'text',
      },
      { name: 'lines', summary: 'one prefix a line instead of a list for AllowedIPs' },
      { name: 'json', summary: 'print a JSON array' },
    ],
    examples: [
      {
        command: "wgq allowed-ips '0.0.0.0/0, ::/0' --except 192.168.0.0/16,lan",
        summary: 'everything but home',
      },
      { command: 'wgq allowed-ips 10.0.0.0/9 10.128.0.0/9', summary: 'joins what belongs together' },
    ],
  },
  {
    verb: 'qr',
    personalities: ['wgq'],
    group: 'config',
    summary: 'Show a configuration as a QR code for the apps on phones',
    usage: '<file>',
    operands: [fileOrInput],
    options: [
      {
        name: 'svg',
        summary: 'write an SVG picture to this file instead (mode 0600)',
        valueName: 'file',
        valueKind: 'file',
      },
      {
        name: 'png',
        summary: 'write a PNG picture to this file instead (mode 0600)',
        valueName: 'file',
        valueKind: 'file',
      },
      { name: 'invert', summary: 'for terminals with dark text on a light ground' },
    ],
    examples: [{ command: 'wgq qr phone.conf', summary: 'the code holds the private key' }],
  },
  {
    verb: 'import',
    personalities: ['wgq'],
    group: 'config',
    summary: 'Print a NetworkManager or systemd-networkd profile as a configuration file',
    usage: '<file>...',
    operands: [
      {
        name: 'file',
        kind: 'file',
        summary: 'a .nmconnection file, or a .netdev file and its .network file; - reads standard input',
        repeated: true,
      },
    ],
    options: [
      {
        name: 'output',
        summary: 'write this file (mode 0600) instead of printing it',
        valueName: 'file',
        valueKind: 'file',
      },
    ],
    examples: [
      {
        command: 'wgq import wg0.netdev wg0.network --output wg0.conf',
        summary: 'what is lost is said on stderr',
      },
    ],
  },
  {
    verb: 'export',
    personalities: ['wgq'],
    group: 'config',
    summary: 'Print a configuration as a profile of NetworkManager, systemd-networkd or a BSD',
    usage: '<file>',
    operands: [fileOrInput],
    options: [
      {
        name: 'to',
        summary: 'networkmanager, networkd, hostname.if (OpenBSD), rc.conf (FreeBSD) or ifconfig.if (NetBSD)',
        valueName: 'format',
        valueKind: 'text',
      },
      {
        name: 'output',
        summary: 'write the files into this directory (mode 0600) instead of printing them',
        valueName: 'directory',
        valueKind: 'file',
      },
    ],
    examples: [
      {
        command: 'wgq export --to networkmanager wg0 > wg0.nmconnection',
        summary: 'what is lost is said on stderr',
      },
      {
        command: 'wgq export --to networkd --output /etc/systemd/network wg0',
        summary: 'a .netdev and a .network file',
      },
    ],
  },
]
