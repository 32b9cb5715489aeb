// SPDX-License-Identifier: MIT

/** A row of commands for `wg`, on fresh devices wg0 and wg1. Files of {@link files} are in the current folder. */
export interface VerbCase {
  readonly name: string
  readonly commands: readonly string[]
}

const privateKey = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='
const presharedKey = 'Uoqqn/9c9pXKCQMH5GU31d8HA7OaM2sbRRulwdXYl0s='
const a = 'Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k='
const b = 'Ke8wUlvynA9acjhkHdychziB5/e1YigBuCvIiQ3jTSM='

/** What the commands read. */
export const files: Readonly<Record<string, string>> = {
  key: `${privateKey}\n`,
  psk: `${presharedKey}\n`,
  empty: '',
  nokey: '[Interface]\nListenPort = 40001\n',
  full: `[Interface]
PrivateKey = ${privateKey}
ListenPort = 40002
FwMark = 0x77
[Peer]
PublicKey = ${a}
PresharedKey = ${presharedKey}
AllowedIPs = 10.0.0.0/24, fd00::/64, 192.168.7.9
Endpoint = 192.0.2.1:51820
PersistentKeepalive = 25
[Peer]
PublicKey = ${b}
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = [2001:db8::1]:5
`,
  other: `[Interface]
PrivateKey = ${privateKey}
[Peer]
PublicKey = ${b}
AllowedIPs = 10.9.0.0/16
`,
}

const fields = [
  'public-key',
  'private-key',
  'listen-port',
  'fwmark',
  'peers',
  'preshared-keys',
  'endpoints',
  'allowed-ips',
  'latest-handshakes',
  'transfer',
  'persistent-keepalive',
  'dump',
]

/** Every verb that talks to the driver. */
export const verbCases: readonly VerbCase[] = [
  {
    name: 'nothing is configured',
    commands: ['show', 'show wg0', 'show interfaces', 'show all dump', 'showconf wg0'],
  },
  {
    name: 'interfaces of another kind, and none at all',
    commands: [
      'show lo',
      'show nope',
      'showconf nope',
      'set nope listen-port 1',
      'set lo listen-port 1',
      'setconf lo full',
    ],
  },
  {
    name: 'setconf, and every field',
    commands: ['setconf wg0 full', 'show wg0', ...fields.map((one) => `show wg0 ${one}`)],
  },
  {
    name: 'fields of all devices',
    commands: [
      'setconf wg0 full',
      'setconf wg1 other',
      // Debian's prefixes of "show all endpoints" are broken (spec wg §16).
      ...['peers', 'allowed-ips', 'transfer', 'dump'].map((one) => `show all ${one}`),
      'show',
    ],
  },
  { name: 'showconf', commands: ['setconf wg0 full', 'showconf wg0'] },
  {
    name: 'setconf replaces',
    commands: ['setconf wg0 full', 'setconf wg0 other', 'setconf wg0 nokey', 'setconf wg0 empty'],
  },
  {
    name: 'addconf adds',
    commands: ['setconf wg0 other', 'addconf wg0 full', 'addconf wg0 nokey', 'addconf wg0 empty'],
  },
  {
    name: 'syncconf',
    commands: ['setconf wg0 full', 'syncconf wg0 other', 'syncconf wg0 full', 'syncconf wg0 nokey'],
  },
  {
    name: 'the device',
    commands: [
      'set wg0 private-key key',
      'set wg0 listen-port 40003 fwmark 51820',
      'set wg0 fwmark off',
      'set wg0 fwmark 0xffffffff',
      'set wg0 listen-port 0',
      'set wg0 private-key empty',
      'set wg0 private-key /dev/null',
    ],
  },
  {
    name: 'a port that is taken',
    commands: [
      'set wg0 listen-port 40004',
      'set wg1 listen-port 40006',
      'up wg0',
      'up wg1',
      'set wg1 listen-port 40004',
      'set wg1 listen-port 40005',
    ],
  },
  {
    name: 'peers',
    commands: [
      'set wg0 private-key key',
      `set wg0 peer ${a} preshared-key psk endpoint 192.0.2.1:51820 persistent-keepalive 25 allowed-ips 10.0.0.0/24,fd00::/64`,
      `set wg0 peer ${a} endpoint [2001:db8::7]:1`,
      `set wg0 peer ${a} endpoint [fe80::1%lo]:9`,
      `set wg0 peer ${a} persistent-keepalive off preshared-key empty`,
      `set wg0 peer ${b} allowed-ips 10.0.0.0/24`,
      `set wg0 peer ${a} allowed-ips 10.0.0.1/8,fd00::1/16,10.1.2.3`,
      `set wg0 peer ${a} allowed-ips `,
      `set wg0 peer ${a} remove peer ${b} persistent-keepalive 65535`,
      `set wg0 peer ${a} remove`,
      `set wg0 peer ${b} remove peer ${b} endpoint 192.0.2.9:1`,
    ],
  },
  // The kernel drops a peer with the device's own key.
  {
    name: 'the own key as a peer',
    commands: ['set wg0 private-key key peer 4IUzPqubfRlDIYinPVHESUOS0ogYfx60SsfyAaj1rW4='],
  },
]
