// SPDX-License-Identifier: MIT
import type { Command, Operand } from '../command-row.ts'

const interfaceOperand: Operand = {
  name: 'interface',
  kind: 'interface',
  summary: 'name of a WireGuard interface',
}
const interfaces: Operand = {
  ...interfaceOperand,
  summary: 'interfaces to look at, all unless named',
  optional: true,
  repeated: true,
}
const json = { name: 'json', summary: 'print JSON' } as const

/** Verbs that inspect running tunnels; only `watch` changes any. */
export const inspectCommands: readonly Command[] = [
  {
    verb: 'doctor',
    personalities: ['wgq'],
    group: 'inspect',
    summary: 'Say why a tunnel does not carry traffic, and where a packet would go',
    usage: '[<interface>...]',
    operands: [interfaces],
    options: [
      { ...json, summary: 'print JSON (docs/schema/doctor.json)' },
      {
        name: 'mtu',
        summary:
          'probe the way to each endpoint with packets that are never fragmented, and say which MTU fits',
      },
      {
        name: 'to',
        summary: 'follow a packet to this address instead',
        valueName: 'address',
        valueKind: 'text',
      },
    ],
    examples: [
      { command: 'wgq doctor wg0', summary: 'handshakes, routes, MTU, names, data plane' },
      { command: 'wgq doctor wg0 --mtu', summary: 'the MTU to write, from what the path carries' },
      { command: 'wgq doctor wg0 --to 10.0.0.1', summary: 'rule, table, route and peer of a packet' },
    ],
    description: [
      'Doctor looks and never changes anything. It ends with 0 when nothing is wrong, with 1 when it cannot look, and with 3 when it found a problem.',
    ],
  },
  {
    verb: 'wait',
    personalities: ['wgq'],
    group: 'inspect',
    summary: 'Wait until an interface is there, or until a handshake is complete',
    usage: '<interface>',
    operands: [interfaceOperand],
    options: [
      {
        name: 'up',
        summary: 'wait until `up` is through with it: the link is up, with addresses and routes',
      },
      { name: 'handshake', summary: 'wait for a handshake that is not older than a session lives (180 s)' },
      {
        name: 'peer',
        summary: 'a handshake with this peer (key or @name), any unless given',
        valueName: 'peer',
        valueKind: 'peer',
      },
      {
        name: 'timeout',
        summary: 'give up after so many seconds, 30 unless given; 0 means never',
        valueName: 'seconds',
        valueKind: 'number',
      },
    ],
    examples: [
      { command: 'wgq wait wg0 --handshake --timeout 10 && echo connected', summary: 'in a script' },
    ],
    description: ['Ends with 0 when it came, with 4 when the time was over.'],
  },
  {
    verb: 'watch',
    personalities: ['wgq'],
    group: 'inspect',
    summary: 'Print what happens to interfaces and peers as lines of JSON',
    usage: '[<interface>...]',
    operands: [interfaces],
    options: [
      {
        name: 'interval',
        summary: 'look every so many seconds, 1 unless given',
        valueName: 'seconds',
        valueKind: 'number',
      },
      {
        name: 'reresolve',
        summary: 'look up endpoints that are names again when the handshake is old, and set what changed',
      },
      {
        name: 'follow',
        summary:
          'keep the tunnels as their files say while the machine changes, as `wgq run` does; looks every 60 seconds and at each change',
      },
      { name: 'follow-file', summary: 'with --follow: apply a file whenever it changes' },
    ],
    examples: [
      {
        command: 'wgq watch wg0',
        summary: 'up, down, handshake, endpoint, stale, peer-added, peer-removed, expired',
      },
      { command: 'wgq watch --follow wg0', summary: 'what wgq-watch@wg0.service runs' },
    ],
    description: ['As root it also disables peers whose day of `wgq peer expire` has come.'],
  },
  {
    verb: 'metrics',
    personalities: ['wgq'],
    group: 'inspect',
    summary: 'Print counters in the text format of Prometheus, or serve them',
    usage: '[<interface>...]',
    operands: [interfaces],
    options: [
      {
        name: 'listen',
        summary: 'serve http://ADDRESS:PORT/metrics instead',
        valueName: 'address:port',
        valueKind: 'text',
      },
    ],
    examples: [
      {
        command: 'wgq metrics > /var/lib/node_exporter/wireguard.prom',
        summary: 'for the textfile collector',
      },
      { command: 'wgq metrics --listen 127.0.0.1:9586', summary: 'as an exporter' },
    ],
  },
  {
    verb: 'top',
    personalities: ['wgq'],
    group: 'inspect',
    summary: 'Show peers and their rates live, the busiest first',
    usage: '[<interface>...]',
    operands: [interfaces],
    options: [
      {
        name: 'interval',
        summary: 'refresh every so many seconds, 1 unless given',
        valueName: 'seconds',
        valueKind: 'number',
      },
    ],
    examples: [{ command: 'wgq top', summary: 'q quits' }],
  },
]
