// SPDX-License-Identifier: MIT
import type { Command, Operand } from '../command-row.ts'

const tunnel: Operand = {
  name: 'interface or file',
  kind: 'config',
  summary: 'a running tunnel: its name, or its configuration file',
}

/** Verbs that keep a running tunnel in line with its file. */
export const reloadCommands: readonly Command[] = [
  {
    verb: 'confirm',
    personalities: ['wgq'],
    group: 'tunnel',
    summary: 'Keep a tunnel that `wgq up --try` brought up',
    usage: '<interface>',
    operands: [{ name: 'interface', kind: 'interface', summary: 'the tunnel on trial' }],
    options: [],
    examples: [{ command: 'wgq confirm wg0', summary: 'before the time is over' }],
  },
  {
    verb: 'diff',
    personalities: ['wgq'],
    group: 'tunnel',
    summary: 'Show what differs between a configuration file and its running tunnel',
    usage: '<interface or file>',
    operands: [tunnel],
    options: [{ name: 'json', summary: 'print JSON (docs/schema/diff.json)' }],
    examples: [{ command: 'wgq diff wg0', summary: '+ comes, - goes, ~ changes' }],
    description: [
      'The file is held against the machine: keys, ports, marks, peers, link, addresses, routes of every table, rules, MTU, firewall, kill switch and name servers, whoever changed them. Ends with 0 when nothing differs and with 2 when something does. An endpoint that roamed is not a difference, nor is a mark or a port that was chosen automatically, a preshared key that something else set, or what the machine did not take when the tunnel came up. Options of `wgq up` hold until `wgq down`. Hooks that changed are named once.',
    ],
  },
  {
    verb: 'reload',
    personalities: ['wgq'],
    group: 'tunnel',
    summary: 'Make a running tunnel what its configuration file says, disturbing nothing that stays',
    usage: '<interface or file>',
    operands: [tunnel],
    options: [{ name: 'check', summary: 'only look: ends with 0 in sync, 2 when it would change something' }],
    examples: [
      { command: 'wgq reload wg0', summary: 'peers that are not changed keep their sessions' },
      {
        command: 'wgq reload wg0 --check || echo "wg0 has drifted"',
        summary: 'for configuration management',
      },
    ],
    description: [
      'Exactly the differences that `wgq diff` shows are applied, new things before old ones; no packet of a full tunnel leaves outside meanwhile. Where a step fails the state before comes back. What went when IPv6 was switched off cannot come back before it is switched on, which a line says. Hooks are not run, and `wgq down` runs those that came with `wgq up`. Only addresses, routes and rules of the tunnel are ever deleted; a tunnel that wg-quick brought up, or whose journal was lost, is known by its shape. A file without [Interface], or without a PrivateKey where the device has one, is refused. With `SaveConfig = true` peers that are not in the file stay, which a line says: `wg set` added them, and `down` writes them into the file.',
    ],
  },
]
