// SPDX-License-Identifier: MIT
import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'
import { whyNoNetns } from '../support/netns.ts'
import { type Played, playCase, type QuickCase } from '../support/quick-case.ts'
import {
  normalAfter,
  normalConfig,
  normalState,
  normalStderr,
  normalStdout,
} from '../support/quick-normal.ts'

// Lives of a tunnel that were not recorded, side by side with the wg-quick that is installed (1.0.20210914 in Debian):
// where both generations agree (spec wg-quick §16), so do we.
const reason =
  whyNoNetns() ??
  whyNotBuilt() ??
  (existsSync('/usr/bin/wg-quick') ? undefined : 'wireguard-tools is not installed')
if (reason) console.log(`wg-quick side by side skipped: ${reason}`)

const head = '[Interface]\nPrivateKey = cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=\nListenPort = 51999\n'
const key = 'Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k='
const peer = (allowedIps: string, more = 'Endpoint = 198.51.100.10:51820\n'): string =>
  `\n[Peer]\nPublicKey = ${key}\nAllowedIPs = ${allowedIps}\n${more}`
const stubResolvconf = 'mkdir -p $D/rc; cp $WRAP/resolvconf.stub $D/rc/resolvconf'
const withStub = '$D/rc:$WRAP:/usr/sbin:/usr/bin:/sbin:/bin'

const cases: Record<string, { config: string; setup?: QuickCase['setup'] }> = {
  'IPv4 default route': { config: `${head}Address = 10.0.0.2/24\n${peer('0.0.0.0/0')}` },
  'IPv6 default route': { config: `${head}Address = fd00:1::2/64\n${peer('::/0')}` },
  'mark in the file': { config: `${head}FwMark = 0x4d2\nAddress = 10.0.0.2/24\n${peer('0.0.0.0/0, ::/0')}` },
  'table taken': {
    config: `${head}Address = 10.0.0.2/24\n${peer('0.0.0.0/0')}`,
    setup: { pre: 'ip -6 route add fd99::/64 dev up0 table 51820' },
  },
  'table with a blackhole': {
    config: `${head}Address = 10.0.0.2/24\n${peer('0.0.0.0/0')}`,
    setup: { pre: 'ip route add blackhole default table 51820' },
  },
  'locked MTU on the way': {
    config: `${head}Address = 10.0.0.2/24\n${peer('10.0.0.0/24')}`,
    setup: { pre: 'ip route add 198.51.100.0/24 via 192.0.2.1 dev up0 mtu lock 1300' },
  },
  'no way to an endpoint': {
    config: `${head}Address = 10.0.0.2/24\n${peer('10.0.0.0/24')}`,
    setup: { pre: 'ip route add unreachable 198.51.100.0/24' },
  },
  'dotted mask': { config: `${head}Address = 10.0.0.2/255.255.255.0\n${peer('10.1.0.0/24')}` },
  "somebody's rules come first": {
    config: `${head}Address = 10.0.0.2/24\n${peer('0.0.0.0/0, ::/0')}`,
    setup: {
      pre: 'ip rule add pref 100 from 10.99.0.0/16 prohibit; ip rule add pref 200 fwmark 7 lookup 52; ip -6 rule add pref 5210 lookup 52',
    },
  },
  'overlapping allowed IPs': {
    config: `${head}Address = 10.0.0.2/16\n${peer('10.5.0.0/16, 10.5.1.0/24, 10.5.1.7/32, 10.0.0.0/8, 10.0.1.0/24')}`,
  },
  'two halves instead of a default route': {
    config: `${head}Address = 10.0.0.2/24\n${peer('0.0.0.0/1, 128.0.0.0/1, ::/1, 8000::/1')}`,
  },
  'MTU of the route to the endpoint': {
    config: `${head}Address = 10.0.0.2/24\n${peer('10.7.0.0/16')}`,
    setup: { pre: 'ip route add 198.51.100.0/24 via 192.0.2.1 dev up0 mtu 1300' },
  },
  'search domains without servers': {
    config: `${head}Address = 10.0.0.2/24\nDNS = example.com\n${peer('10.7.0.0/16')}`,
  },
  'Table = OFF': {
    config: `${head}Address = 10.0.0.2/24\nTable = OFF\n${peer('10.7.0.0/16')}`,
    setup: { downcmd: '' },
  },
  'SaveConfig = maybe': {
    config: `${head}Address = 10.0.0.2/24\nSaveConfig = maybe\n`,
    setup: { downcmd: '' },
  },
  'PostUp fails after a default route and DNS': {
    config: `${head}Address = 10.0.0.2/24, fd00:1::2/64\nDNS = 10.0.0.1\nPostUp = exit 7\n${peer('0.0.0.0/0, ::/0')}`,
    setup: { pre: stubResolvconf, path: withStub, downcmd: '' },
  },
  'a name that looks like a file': {
    config: `${head}Address = 10.0.0.2/24\n`,
    setup: { upcmd: 'wg-quick up wg0.conf', downcmd: 'wg-quick down ./wg0.conf' },
  },
  'a path': {
    config: `${head}Address = 10.0.0.2/24\n`,
    setup: {
      upcmd: 'wg-quick up /etc/wireguard/wg0.conf',
      downcmd: 'cd /etc/wireguard; wg-quick down ./wg0.conf',
    },
  },
  'Address alone on a line': { config: `${head}Address\n${peer('10.7.0.0/16')}`, setup: { downcmd: '' } },
  'a header with blanks inside': { config: `[ Interface ]\nAddress = 10.0.0.2/24\n`, setup: { downcmd: '' } },
  'up twice': {
    config: `${head}Address = 10.0.0.2/24\n`,
    setup: { mid: 'wg-quick up wg0 2> $D/again; echo $? >> $D/again' },
  },
  'a mask that is too long': { config: `${head}Address = 10.0.0.2/33\n`, setup: { downcmd: '' } },
  'an IPv6 address that is none': { config: `${head}Address = fd00::zz/64\n`, setup: { downcmd: '' } },
  'an MTU that is too large': {
    config: `${head}Address = 10.0.0.2/24\nMTU = 70000\n`,
    setup: { downcmd: '' },
  },
  'SaveConfig = TRUE': {
    config: `${head}Address = 10.0.0.2/24\nMTU = 1380\nTable = auto\nSaveConfig = TRUE\nPostUp = true\n# note\n${peer('10.7.0.0/16')}`,
    setup: {
      mid: `wg set wg0 peer ${key} persistent-keepalive 25`,
      post: 'cp /etc/wireguard/wg0.conf $D/saved.conf',
    },
  },
  'save with name servers': {
    config: `${head}Address = 10.0.0.2/24\nDNS = 10.0.0.1\n${peer('10.7.0.0/16')}`,
    setup: {
      pre: `${stubResolvconf}; sed -i 's/^exit/[ "$1" = -l ] \\&\\& echo "nameserver 10.0.0.1"\\nexit/' $D/rc/resolvconf`,
      path: withStub,
      mid: 'wg-quick save wg0 2> $D/again',
      post: 'cp /etc/wireguard/wg0.conf $D/saved.conf',
    },
  },
  'a key that is not a key': {
    config: '[Interface]\nPrivateKey = abc\nAddress = 10.0.0.2/24\n',
    setup: { downcmd: '' },
  },
  'a mode that lets others in': {
    config: `${head}Address = 10.0.0.2/24\n`,
    setup: { mode: '604', pre: 'chmod 701 /etc/wireguard', upcmd: 'wg-quick strip wg0', downcmd: '' },
  },
  'no arguments that make sense': {
    config: head,
    setup: {
      upcmd: 'wg-quick up wg0 wg1 > /dev/null 2>&1',
      downcmd: 'wg-quick frobnicate wg0 > /dev/null 2>&1',
    },
  },
  'last line without its end': { config: `${head}Address = 10.0.0.2/24${peer('10.7.0.0/16', '')}`.trimEnd() },
  'an interface that is not a WireGuard': {
    config: head,
    setup: { pre: 'ip link add wg0 type dummy', upcmd: 'wg-quick save wg0' },
  },
}

/** What the newer generation says in place of the older. */
const newer = (text: string): string =>
  text
    .replace(/^\[#\] ip link add (?!dev )/gm, '[#] ip link add dev ')
    .replace(/^\[#\] wg setconf /gm, '[#] wg addconf ')
    .replace(
      /^(\[#\] ip -[46] route add \S+\/0 dev \S+ table \d+\n)((?:\[#\] ip -[46] rule add .*\n){2})/gm,
      '$2$1',
    )

/** Upstream leaves the sysctl of a failed `up` behind. */
const putBack = (played: Played): Played => {
  const is = (text: string): string => text.replace(/src_valid_mark = 1/, 'src_valid_mark = 0')
  if (played.up.exit === 0) return played
  const { state, file } = played
  return { ...played, state: { ...state, sysctl: is(state.sysctl) }, file: (name) => is(file(name)) }
}

const essence = (played: Played): unknown => ({
  up: { ...played.up, stdout: normalStdout(played.up.stdout), stderr: newer(normalStderr(played.up.stderr)) },
  down: { ...played.down, stderr: normalStderr(played.down.stderr) },
  state: normalState(played.state),
  after: normalAfter(played.file('after/text')),
  again: normalStderr(played.file('again')),
  resolvconf: played.file('resolvconf.log'),
  // A link-local address of a TUN is not saved.
  saved: normalConfig(played.file('saved.conf')).replace(/^Address = fe80::X\/64\n/m, ''),
})

describe.skipIf(reason)('wg-quick side by side with the installed one', () => {
  test.each(Object.entries(cases))('%s', (name, { config, setup }) => {
    const quickCase = { name, interface: 'wg0', config, setup: setup ?? {} } as unknown as QuickCase
    expect(essence(playCase(quickCase, builtBin))).toEqual(essence(putBack(playCase(quickCase, '/usr/bin'))))
  })
})
