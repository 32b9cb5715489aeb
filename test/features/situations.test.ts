// SPDX-License-Identifier: MIT
// What happens to laptops and servers: a full tunnel with a kill switch that `wgq run` follows, its traffic, and a capture
// of everything that is not the tunnel. After each of them the tunnel carries packets and is what its file says.
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FollowedTunnel } from '../support/followed-tunnel.ts'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { connect, type Namespace, until } from '../support/netns.ts'
import { makeTextKeys } from '../support/tunnel.ts'

const why = whyNoTunnel('nft', 'tcpdump', 'iptables')
if (why) console.warn(`features/situations: skipped: ${why}`)

/** The server; each network leads to it. */
const server = { 4: '198.51.100.1', 6: '2001:db8:51::1' } as const
/** Only the tunnel leads there by right, but every network would carry it. */
const target = '203.0.113.9'

const home =
  'ip route replace default via 10.77.1.2 dev up1; ip -6 route replace default via fd77:1::2 dev up1'
const tether =
  'ip link set usb0 up; ip address replace 10.77.3.1/24 dev usb0; ip route replace default via 10.77.3.2 dev usb0 metric 50'
const noTether = 'ip link set usb0 down; ip address flush dev usb0'

/** Shell lines in the namespace of the tunnel: what happens, and how it ends; `DEV` is the tunnel. */
const situations: readonly (readonly [what: string, act: string, end: string])[] = [
  [
    'a USB tether comes with a lower metric, and goes',
    `${tether}; sleep 1; ip route delete default dev up1`,
    `${home}; ${noTether}`,
  ],
  [
    'the default route is replaced by one through another network',
    `${tether}; ip route delete default dev usb0; ip route replace default via 10.77.3.2 dev usb0`,
    `${home}; ${noTether}`,
  ],
  ['of two default routes the better one goes', `${tether}; sleep 1; ip link set usb0 down`, noTether],
  [
    'a default route of several ways',
    `${tether}; ip route delete default dev usb0; ip route replace default nexthop via 10.77.1.2 dev up1 nexthop via 10.77.3.2 dev usb0`,
    `${home}; ${noTether}`,
  ],
  [
    'a blackhole as default route for a while',
    'ip route add blackhole default metric 10; sleep 2; ip route delete blackhole default metric 10',
    '',
  ],
  [
    'all routes of the main table go, and come',
    `ip route flush table main; sleep 1; ip route add 10.77.1.0/24 dev up1 src 10.77.1.1; ip route add 10.77.2.0/24 dev up2 src 10.77.2.1; ${home}`,
    '',
  ],
  [
    'the uplink gets another name',
    'ip link set up1 down; ip link set up1 name wan0; ip link set wan0 up; ip route replace default via 10.77.1.2 dev wan0',
    `ip link set wan0 down; ip link set wan0 name up1; ip link set up1 up; ip address replace fd77:1::1/64 dev up1 nodad; ${home}`,
  ],
  [
    'the uplink becomes a port of a bridge',
    `ip link add br0 type bridge; ip link set br0 up; ip address flush dev up1; ip link set up1 master br0; ip address add 10.77.1.1/24 dev br0; ip route replace default via 10.77.1.2 dev br0`,
    `ip link delete br0; ip address add 10.77.1.1/24 dev up1; ip address replace fd77:1::1/64 dev up1 nodad; ${home}`,
  ],
  [
    'docker starts again: the chains of iptables are flushed, FORWARD drops',
    'for t in filter nat mangle raw; do iptables -t $t -F; iptables -t $t -X; ip6tables -t $t -F; done; iptables -P FORWARD DROP',
    'iptables -P FORWARD ACCEPT',
  ],
  [
    'a firewall of others comes with a policy that drops what comes in',
    "nft 'table inet other { chain in { type filter hook input priority 0; policy drop; ct state established accept; iif lo accept; meta l4proto ipv6-icmp accept; }; }'",
    'nft delete table inet other',
  ],
  [
    'the routes of another VPN that halves the default route',
    'ip route add 0.0.0.0/1 via 10.77.2.2; ip route add 128.0.0.0/1 via 10.77.2.2; sleep 2; ip route delete 0.0.0.0/1; ip route delete 128.0.0.0/1',
    '',
  ],
  [
    'IPv6 is switched off and on',
    'sysctl -qw net.ipv6.conf.all.disable_ipv6=1; sleep 2; sysctl -qw net.ipv6.conf.all.disable_ipv6=0',
    'ip address replace fd77:1::1/64 dev up1 nodad; ip -6 route replace default via fd77:1::2 dev up1',
  ],
  ['the MTU of the uplink drops', 'ip link set up1 mtu 1400', 'ip link set up1 mtu 1500'],
  [
    'the network drops everything but name look-ups for a while, as a captive portal',
    "nft 'table inet portal { chain out { type filter hook output priority 0; udp dport 51820 drop; }; }'; sleep 6; nft delete table inet portal",
    '',
  ],
  [
    'a third of all packets is lost',
    "nft 'table inet loss { chain out { type filter hook output priority 0; udp dport 51820 numgen random mod 3 0 drop; }; }'; sleep 3",
    'nft delete table inet loss',
  ],
  [
    'the uplink loses its carrier for 3 s',
    'ip link set up1 down; sleep 3; ip link set up1 up; ip address replace fd77:1::1/64 dev up1 nodad; ip route replace default via 10.77.1.2; ip -6 route replace default via fd77:1::2',
    '',
  ],
  [
    'one family of the addresses goes, and a foreign one comes',
    'ip -6 address flush dev DEV scope global; ip address add 10.60.7.7/32 dev DEV',
    'ip address delete 10.60.7.7/32 dev DEV',
  ],
  [
    'somebody gives the tunnel another default route',
    'ip route replace default dev up1 table 51820 via 10.77.1.2; sleep 1',
    '',
  ],
  [
    'somebody sends the mark into the tunnel',
    'ip rule add preference 100 fwmark 51820 lookup 51820; sleep 1; ip rule delete preference 100',
    '',
  ],
  [
    'a rule of others that goes first, and goes',
    'ip rule add preference 5 lookup main; sleep 1; ip rule delete preference 5',
    '',
  ],
  ['the journal is lost', 'rm -f /run/wgq/DEV*.json; nft flush ruleset', ''],
  [
    'the follower beside another one',
    'WGQ watch --follow DEV >/dev/null 2>&1 & sleep 2; ip rule delete table 51820; nft flush ruleset; sleep 5; kill $!',
    '',
  ],
  [
    'IPv6 addresses rotate: the one in use is deprecated, then goes',
    'WGQ set DEV peer ALPHA endpoint [2001:db8:51::1]:51820; sleep 1; ip address add fd77:1::77/64 dev up1 nodad; ip address change fd77:1::1/64 dev up1 preferred_lft 0; sleep 1; ip address delete fd77:1::1/64 dev up1',
    'WGQ set DEV peer ALPHA endpoint 198.51.100.1:51820; ip address add fd77:1::1/64 dev up1 nodad; ip address delete fd77:1::77/64 dev up1',
  ],
  ['another tunnel inside this one comes and goes', 'WGQ up INNER; sleep 2; WGQ down INNER', ''],
]

describe.skipIf(why)('beside what happens to machines', () => {
  let followed: FollowedTunnel
  let seen = ''
  let ns: Namespace
  let inner: string
  beforeAll(async () => {
    followed = await FollowedTunnel.open((config) =>
      config
        .replace('10.60.0.1/24', '10.60.0.1/24, fd60::1/64')
        .replace('10.77.1.2:51820', `${server[4]}:51820`)
        .replace(/AllowedIPs = .*/, 'AllowedIPs = 0.0.0.0/0, ::/0'),
    )
    const { tunnel } = followed
    ns = tunnel.ns
    inner = join(dirname(tunnel.configPath), `in${tunnel.device.slice(3)}.conf`)
    writeFileSync(
      inner,
      `[Interface]\nPrivateKey = ${makeTextKeys().privateKey}\nAddress = 10.62.0.2/24\n[Peer]\nPublicKey = ${makeTextKeys().publicKey}\nEndpoint = ${target}:51999\nAllowedIPs = 10.62.0.0/16\nPersistentKeepalive = 1\n`,
      { mode: 0o600 },
    )
    const alpha = tunnel.peers[0]?.ns as Namespace
    connect({ ns, dev: 'usb0', addresses: [] }, { ns: alpha, dev: 'usb1', addresses: ['10.77.3.2/24'] })
    ns.run('ip', 'link', 'set', 'usb0', 'down')
    ns.run('ip', 'address', 'add', 'fd77:1::1/64', 'dev', 'up1', 'nodad')
    alpha.run('ip', 'address', 'add', 'fd77:1::2/64', 'dev', 'up0', 'nodad')
    for (const address of [`${server[4]}/32`, `${server[6]}/128`, `${target}/32`])
      alpha.run('ip', 'address', 'add', address, 'dev', 'lo')
    ns.run('sh', '-c', home)
    const capture = ns.start('tcpdump', [
      '-lnni',
      'any',
      `host ${target} or net 10.60.0.0/24 or net fd60::/64`,
    ])
    let ready = ''
    capture.stderr?.setEncoding('utf8').on('data', (text: string) => {
      ready += text
    })
    capture.stdout?.setEncoding('utf8').on('data', (text: string) => {
      seen += text
    })
    await until('tcpdump to listen', () => ready.includes('listening on'))
    ns.start('ping', ['-qi', '0.1', target])
    await until('the first answer', () => reaches(), 30_000)
  })
  afterAll(() => followed?.close())
  const reaches = () => ns.tryRun('ping', ['-c', '1', '-W', '1', target]).status === 0
  /** Packets of the application, or with addresses of the tunnel, on another interface. */
  const outside = () =>
    seen
      .split('\n')
      .filter((line) => line !== '' && !line.includes(` ${followed.tunnel.device} `) && !/ lo +In/.test(line))

  test.each(situations)('%s', async (_, act, end) => {
    const { tunnel } = followed
    const before = followed.log.length
    const shell = (line: string) => {
      const { status, stderr } = ns.tryRun('sh', [
        '-euc',
        line
          .replaceAll('WGQ', program('wgq'))
          .replaceAll('INNER', inner)
          .replaceAll('DEV', tunnel.device)
          .replaceAll('ALPHA', tunnel.peers[0]?.publicKey as string),
      ])
      expect(status, stderr).toBe(0)
    }
    const rests = async (when: string) => {
      const news = () =>
        `${when}: ${followed.log.slice(before)}\n${tunnel.wgq('diff', tunnel.configPath).stdout}`
      await until('an answer', reaches, 30_000).catch((error) => {
        throw new Error(`${error.message} ${news()}`)
      })
      await until('the end of differences', () => followed.isInSync(), 60_000).catch((error) => {
        throw new Error(`${error.message} ${news()}`)
      })
    }
    shell(act)
    await rests('after it')
    shell(end)
    await rests('at its end')
    expect(outside()).toEqual([])
  })
})
