// SPDX-License-Identifier: MIT
import type { Command, Operand } from '../command-row.ts'

const tunnel: Operand = {
  name: 'interface or file',
  kind: 'config',
  summary: 'a name (/etc/wireguard/NAME.conf) or the path of a configuration file NAME.conf',
}
const names = ['wg-quick', 'wgq'] as const

/** The wg-quick verbs that change the host. */
export const quickCommands: readonly Command[] = [
  {
    verb: 'up',
    personalities: names,
    group: 'tunnel',
    summary: 'Bring a tunnel up as its configuration file says, or leave everything as it was',
    usage: '<interface or file>',
    operands: [tunnel],
    options: [
      {
        name: 'kill-switch',
        summary:
          'block all traffic of this machine (with --netns: of the namespace) outside the tunnel until `wgq down`, even if the data plane crashes',
      },
      {
        name: 'try',
        summary:
          'go back after so many seconds unless `wgq confirm` is run: to the state before, or down where the tunnel did not run',
        valueName: 'seconds',
        valueKind: 'number',
      },
      { name: 'dry-run', short: 'n', summary: 'change nothing; print the commands it comes down to' },
      { name: 'json', summary: 'with --dry-run: print the steps as JSON, without keys' },
      {
        name: 'name',
        summary: 'call the interface so, whatever the file is called',
        valueName: 'name',
        valueKind: 'text',
      },
      {
        name: 'netns',
        summary: 'put the interface into this network namespace; the data plane stays outside',
        valueName: 'name',
        valueKind: 'text',
      },
      {
        name: 'strict',
        summary: 'fail where the tunnel would otherwise come up without IPv6, firewall or name servers',
      },
    ],
    description: [
      'A tunnel that runs is brought in line with its file, as `wgq reload` does; with --dry-run the plan of that is printed.',
    ],
    examples: [
      { command: 'wgq up wg0', summary: 'reads /etc/wireguard/wg0.conf' },
      {
        command: 'wgq up --try 60 wg0',
        summary: 'on a remote machine: comes back by itself when the connection is lost',
      },
      { command: 'wgq up --dry-run wg0', summary: 'what would be done' },
      {
        command: 'wgq up --netns vpn wg0',
        summary: '`ip netns exec vpn …` uses the tunnel, nothing else does',
      },
      { command: 'wgq up ./office.conf', summary: 'the interface is called office' },
      {
        command: 'wgq up --name pvpn ./provider-nl-free-12.conf',
        summary: 'the file of a provider; `wgq down pvpn` takes it down',
      },
    ],
  },
  {
    verb: 'run',
    personalities: ['wgq'],
    group: 'tunnel',
    summary: 'Bring a tunnel up and stay in the foreground, for service managers and containers',
    usage: '<interface or file>',
    operands: [tunnel],
    options: [
      {
        name: 'kill-switch',
        summary: 'as with `wgq up`; stays when the data plane crashes, goes at the end of the run',
      },
      {
        name: 'strict',
        summary: 'fail where the tunnel would otherwise come up without IPv6, firewall or name servers',
      },
      { name: 'follow-file', summary: 'apply the file whenever it changes, as SIGHUP does' },
    ],
    description: [
      'Stays and keeps the tunnel as its file says: what another program takes away (rules, routes, addresses, the firewall, name servers) is put back, and a peer that does not answer gets the next of its addresses: those of its name, then those of `# EndpointFallback = HOST:PORT` lines under its [Peer]. Each time one line says what was done.',
      'SIGHUP reloads the tunnel; SIGTERM and SIGINT take it down and end the run. A service manager that asks for it (NOTIFY_SOCKET) is notified when the tunnel is up and when it goes down.',
      'Ends with 0 after a signal and when somebody took the tunnel down; with 1 when its interface vanished, so that a supervisor starts it again.',
    ],
    examples: [
      { command: 'wgq run wg0', summary: 'what wgq-run@wg0.service and the container image run' },
      { command: 'wgq run --strict ./office.conf', summary: 'in a terminal; Ctrl-C takes it down' },
    ],
  },
  {
    verb: 'down',
    personalities: names,
    group: 'tunnel',
    summary: 'Take a tunnel down, whoever brought it up',
    usage: '<interface or file>',
    operands: [tunnel],
    options: [],
    examples: [
      { command: 'wgq down wg0', summary: 'addresses, routes, rules, names and firewall go with it' },
    ],
  },
  {
    verb: 'save',
    personalities: names,
    group: 'tunnel',
    summary: 'Write the running settings of a tunnel into its configuration file',
    usage: '<interface or file>',
    operands: [tunnel],
    options: [
      {
        name: 'dry-run',
        short: 'n',
        summary: 'write nothing; print what would change in the file, with keys hidden',
      },
    ],
    description: [
      'The file as it was before a change is kept as NAME.conf.bak beside it; it holds the private key like the file itself.',
    ],
    examples: [
      { command: 'wgq save wg0', summary: 'comments and order stay, only values that changed are changed' },
      { command: 'wgq save --dry-run wg0', summary: 'the change as `diff -u` would print it' },
    ],
  },
]
