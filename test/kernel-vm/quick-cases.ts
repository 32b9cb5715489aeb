// SPDX-License-Identifier: MIT

/** One life of wg0 under wg-quick: the file, the verbs in order, and what else is done to the system before. */
export interface QuickCase {
  readonly name: string
  readonly conf: string
  readonly setup?: string
  /** `up`, `down`, `save` …, or a shell command after `!`. */
  readonly steps?: readonly string[]
  /** Only with WGQ_LONG=1: one life takes 15 seconds under emulation. */
  readonly long?: true
}

const head = `[Interface]
PrivateKey = cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=
ListenPort = 40000
`
const peer = (
  allowedIps: string,
  endpoint = '192.0.2.77:51820',
  key = 'Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=',
) => `[Peer]\nPublicKey = ${key}\nEndpoint = ${endpoint}\nAllowedIPs = ${allowedIps}\n`
const otherKey = 'Ke8wUlvynA9acjhkHdychziB5/e1YigBuCvIiQ3jTSM='

/** Lives whose result does not depend on what changed between Debian's wg-quick and upstream's (spec wg-quick §16). */
const allCases: readonly QuickCase[] = [
  { name: 'IPv4', long: true, conf: `${head}Address = 10.0.0.2/24\n${peer('10.7.0.0/16, 10.0.0.9/32')}` },
  {
    name: 'both families, several addresses',
    long: true,
    conf: `${head}Address = 10.0.0.2/24, fd00:1::2/64\nAddress = 10.3.3.3\n${peer('10.7.0.0/16, fd77::/48, fd78::1')}`,
  },
  {
    name: 'default routes of both families',
    conf: `${head}Address = 10.0.0.2/24, fd00:1::2/64\n${peer('0.0.0.0/0, ::/0')}`,
  },
  {
    name: 'the IPv4 default route alone',
    long: true,
    conf: `${head}Address = 10.0.0.2/32\n${peer('0.0.0.0/0')}`,
  },
  {
    name: 'a default route with a mark of its own',
    long: true,
    conf: `${head}FwMark = 0x4d2\nAddress = 10.0.0.2/32\n${peer('0.0.0.0/0, ::/0')}`,
  },
  {
    name: 'a default route when table 51820 is taken',
    long: true,
    setup: 'ip route add 10.99.0.0/16 dev up0 table 51820',
    conf: `${head}Address = 10.0.0.2/32\n${peer('0.0.0.0/0')}`,
  },
  {
    name: 'two halves of the default route',
    long: true,
    conf: `${head}Address = 10.0.0.2/32\n${peer('0.0.0.0/1, 128.0.0.0/1')}`,
  },
  {
    name: 'Table = off',
    long: true,
    conf: `${head}Table = off\nAddress = 10.0.0.2/24\n${peer('0.0.0.0/0, 10.7.0.0/16')}`,
  },
  {
    name: 'Table = 1234',
    long: true,
    conf: `${head}Table = 1234\nAddress = 10.0.0.2/24\n${peer('0.0.0.0/0, 10.7.0.0/16, ::/0')}`,
  },
  {
    name: 'Table = main',
    long: true,
    conf: `${head}Table = main\nAddress = 10.0.0.2/24\n${peer('10.7.0.0/16')}`,
  },
  {
    name: 'a table without a number',
    long: true,
    conf: `${head}Table = nosuchtable\nAddress = 10.0.0.2/24\n${peer('10.7.0.0/16')}`,
  },
  { name: 'an MTU', long: true, conf: `${head}MTU = 1280\nAddress = 10.0.0.2/24\n${peer('10.7.0.0/16')}` },
  {
    name: 'an MTU that is none',
    long: true,
    conf: `${head}MTU = abc\nAddress = 10.0.0.2/24\n${peer('10.7.0.0/16')}`,
  },
  {
    name: 'an MTU from the route to the endpoint',
    setup: 'ip route add 192.0.2.77 dev up0 mtu 1300',
    conf: `${head}Address = 10.0.0.2/24\n${peer('10.7.0.0/16')}`,
  },
  {
    name: 'an address that is none',
    long: true,
    conf: `${head}Address = 10.0.0.2/24, 10.0.0.300/24\n${peer('10.7.0.0/16')}`,
  },
  {
    name: 'an address twice',
    long: true,
    conf: `${head}Address = 10.0.0.2/24, 10.0.0.2/24\n${peer('10.7.0.0/16')}`,
  },
  {
    name: 'a route that somebody else has',
    setup: 'ip route add 10.7.0.0/16 dev up0',
    conf: `${head}Address = 10.0.0.2/24\n${peer('10.7.0.0/16, 10.8.0.0/16')}`,
  },
  {
    name: 'a hook before that fails',
    long: true,
    conf: `${head}Address = 10.0.0.2/24\nPostUp = false\n${peer('10.7.0.0/16')}`,
  },
  {
    name: 'hooks',
    long: true,
    conf: `${head}Address = 10.0.0.2/24\nPostUp = ip route add 10.55.0.0/16 dev %i\nPreDown = ip route del 10.55.0.0/16 dev %i\nPostDown = echo gone %i\n${peer('10.7.0.0/16')}`,
  },
  {
    name: 'the port of another tunnel',
    conf: `${head}Address = 10.0.0.2/24\n${peer('10.7.0.0/16')}`,
    steps: [
      '!ip link add wgx type wireguard && wg set wgx listen-port 40000 && ip link set wgx up',
      'up',
      '!ip link delete wgx',
      'up',
      'down',
    ],
  },
  { name: 'no peers', long: true, conf: `${head}Address = 10.0.0.2/24\n` },
  {
    name: 'two peers with a default route',
    long: true,
    conf: `${head}Address = 10.0.0.2/24\n${peer('0.0.0.0/0')}${peer('0.0.0.0/0, 10.9.0.0/16', '192.0.2.78:9', otherKey)}`,
  },
  {
    name: 'up twice',
    conf: `${head}Address = 10.0.0.2/24\n${peer('10.7.0.0/16')}`,
    steps: ['up', 'up', 'down', 'down'],
  },
  {
    name: 'save',
    conf: `${head}SaveConfig = true\nAddress = 10.0.0.2/24\nPostUp = true\n${peer('10.7.0.0/16')}`,
    steps: ['up', `!wg set wg0 peer ${otherKey} allowed-ips 10.8.0.0/16`, 'save', 'down'],
  },
]

/** The cases of this run. */
export const quickCases: readonly QuickCase[] = allCases.filter(
  (one) => !one.long || process.env['WGQ_LONG'] === '1',
)
