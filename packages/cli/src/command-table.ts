// SPDX-License-Identifier: MIT
import type { Personality } from './command.ts'
import type { Command, Operand } from './command-row.ts'
import { configCommands } from './command-rows/config.ts'
import { inspectCommands } from './command-rows/inspect.ts'
import { listCommand, peerCommands } from './command-rows/peer.ts'
import { quickCommands } from './command-rows/quick.ts'
import { reloadCommands } from './command-rows/reload.ts'

const wgNames = ['wg', 'wgq'] as const
const interfaceOperand: Operand = {
  name: 'interface',
  kind: 'interface',
  summary: 'name of a WireGuard interface',
}
const fileOperand: Operand = {
  name: 'configuration filename',
  kind: 'config',
  summary: 'file in the format of wg showconf; /dev/stdin works',
}

/** The verbs in the order in which help lists them. */
export const commands: readonly Command[] = [
  {
    verb: 'show',
    personalities: wgNames,
    group: 'device',
    summary: 'Print the settings and the state of interfaces, all of them unless one is named',
    usage:
      '{ <interface> | all | interfaces } [public-key | private-key | listen-port | fwmark | peers | preshared-keys | endpoints | allowed-ips | latest-handshakes | transfer | persistent-keepalive | dump]',
    operands: [
      {
        name: 'interface',
        kind: 'interface-or-all',
        summary: 'an interface, `all`, or `interfaces` for the names alone',
        optional: true,
      },
      { name: 'field', kind: 'field', summary: 'print only this, for scripts', optional: true },
    ],
    options: [
      { name: 'json', summary: 'print JSON (docs/schema/show.json); keys are hidden' },
      { name: 'show-keys', summary: 'with --json: private and preshared keys in full' },
      {
        name: 'watch',
        summary: 'repeat every so many seconds, 2 unless given',
        valueName: 'seconds',
        valueKind: 'number',
        valueOptional: true,
      },
    ],
    examples: [
      { command: 'wgq show', summary: 'everything, for people' },
      { command: 'wgq show all dump', summary: 'everything, for scripts, keys included' },
      { command: 'wgq show wg0 latest-handshakes', summary: 'seconds since 1970, by peer' },
      { command: 'wgq show --json | jq .', summary: 'everything as JSON' },
    ],
  },
  {
    verb: 'showconf',
    personalities: wgNames,
    group: 'device',
    summary: 'Print the running settings of an interface as a configuration for setconf',
    usage: '<interface>',
    operands: [interfaceOperand],
    options: [],
    examples: [
      { command: 'wgq showconf wg0 > wg0.conf', summary: 'keep what runs; the file holds the private key' },
    ],
  },
  {
    verb: 'set',
    personalities: wgNames,
    group: 'device',
    summary: 'Change single settings of an interface, add and remove peers',
    usage:
      '<interface> [listen-port <port>] [fwmark <mark>] [private-key <file path>] [peer <base64 public key> [remove] [preshared-key <file path>] [endpoint <ip>:<port>] [persistent-keepalive <interval seconds>] [allowed-ips [+|-]<ip1>/<cidr1>[,[+|-]<ip2>/<cidr2>]...] ]...',
    operands: [
      interfaceOperand,
      { name: 'setting', kind: 'text', summary: 'pairs of a word and its value', repeated: true },
    ],
    options: [],
    examples: [
      {
        command: 'wgq set wg0 listen-port 51820 private-key ./key',
        summary: 'port and key; the key comes from a file',
      },
      { command: 'wgq set wg0 peer KEY allowed-ips +10.9.0.0/24', summary: 'add a prefix, keep the others' },
      { command: 'wgq set wg0 peer KEY remove', summary: 'remove a peer' },
    ],
  },
  {
    verb: 'setconf',
    personalities: wgNames,
    group: 'device',
    summary: 'Make an interface run exactly what a configuration says',
    usage: '<interface> <configuration filename>',
    operands: [interfaceOperand, fileOperand],
    options: [],
    examples: [{ command: 'wgq setconf wg0 wg0.conf', summary: 'what the file does not say is cleared' }],
  },
  {
    verb: 'addconf',
    personalities: wgNames,
    group: 'device',
    summary: 'Add what a configuration says to an interface',
    usage: '<interface> <configuration filename>',
    operands: [interfaceOperand, fileOperand],
    options: [],
    examples: [{ command: 'wgq addconf wg0 peers.conf', summary: 'peers that are not in the file stay' }],
  },
  {
    verb: 'syncconf',
    personalities: wgNames,
    group: 'device',
    summary: 'Make an interface run what a configuration says without disturbing peers that stay',
    usage: '<interface> <configuration filename>',
    operands: [interfaceOperand, fileOperand],
    options: [],
    examples: [
      {
        command: 'wgq strip wg0 | wgq syncconf wg0 /dev/stdin',
        summary: 'reload a file of wg-quick, sessions survive',
      },
    ],
  },
  {
    verb: 'genkey',
    personalities: wgNames,
    group: 'keys',
    summary: 'Print a new private key',
    usage: '',
    operands: [],
    options: [],
    examples: [
      { command: 'umask 077; wgq genkey | tee key | wgq pubkey > key.pub', summary: 'a pair of keys' },
    ],
  },
  {
    verb: 'genpsk',
    personalities: wgNames,
    group: 'keys',
    summary: 'Print a new preshared key',
    usage: '',
    operands: [],
    options: [],
    examples: [],
  },
  {
    verb: 'pubkey',
    personalities: wgNames,
    group: 'keys',
    summary: 'Read a private key from standard input and print its public key',
    usage: '',
    operands: [],
    options: [],
    examples: [{ command: 'wgq pubkey < key', summary: 'the public key of a file' }],
  },
  ...quickCommands,
  listCommand,
  ...configCommands,
  ...reloadCommands,
  ...peerCommands,
  ...inspectCommands,
  {
    verb: 'help',
    personalities: ['wgq'],
    group: 'about',
    summary: 'Say what there is, or how one command is used',
    usage: '[<command>]',
    operands: [{ name: 'command', kind: 'verb', summary: 'a command of wgq', optional: true }],
    options: [],
    examples: [{ command: 'wgq help show', summary: 'usage, options and examples of show' }],
  },
  {
    verb: 'version',
    personalities: ['wgq'],
    group: 'about',
    summary: 'Print the version, and the release of wg that wgq behaves like',
    usage: '',
    operands: [],
    options: [],
    examples: [],
  },
]

/** The row of a verb for one program name; undefined if that program has no such verb. */
export const findCommand = (verb: string, personality: Personality): Command | undefined =>
  commands.find((row) => row.verb === verb && row.personalities.includes(personality))

/** The two-word verbs that begin with `word`, for example `peer`; empty for a verb of one word. */
export const commandsUnder = (word: string): readonly Command[] =>
  commands.filter(({ verb }) => verb.startsWith(`${word} `))
