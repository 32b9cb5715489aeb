// SPDX-License-Identifier: MIT
import type { Command, Operand } from '../command-table.ts'

const tunnel: Operand = {
  name: 'interface or file',
  kind: 'config',
  summary: 'a running tunnel: its name, or its configuration file',
}

/** Verbs that bring a running tunnel in line with its file. */
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
      'Compared are keys, ports, marks, peers, addresses, routes, rules, MTU and name servers. Ends with 0 when nothing differs and with 2 when something does. An endpoint that roamed is no difference, nor is a mark or a port that was chosen automatically.',
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
      'Exactly the differences that `wgq diff` shows are applied, additions before deletions. Hooks are not run. Only addresses, routes and rules that wgq made are ever deleted.',
    ],
  },
]
