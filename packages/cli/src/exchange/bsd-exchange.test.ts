// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import { printHostnameIf } from './hostname-if.ts'
import { printIfconfigIf } from './ifconfig-if.ts'
import { printRcConf } from './rc-conf.ts'
import { readTunnel } from './read-tunnel.ts'

const privateKey = 'IB4TVNeFndKaWPEe0/5eg7pPbFIWev2oorBdAuNZT1M='
const peer1 = 'C/xzKu3IoCh9JQN0FjfvJnWB83wW6p0ThnCpqVcg0gs='
const peer2 = 'HpwGEeYbDZkPS4Gfp8dRquXCzU4q8qL1t7K/vz2V/wg='
const psk = 'nNdQYopmAyE3A/JvSu6WjKgTr7pkjtKMf/ds1Jm3YFE='

const config = `[Interface]
PrivateKey = ${privateKey}
ListenPort = 51820
FwMark = 3
Address = 10.0.0.2/24, 10.0.0.3/32, fd00:1::2/64
DNS = 10.0.0.1, example.org
MTU = 1420

[Peer]
# Name = head "office" \`id\`
PublicKey = ${peer1}
PresharedKey = ${psk}
AllowedIPs = 10.0.0.0/24, 10.1.0.0/24, fd00:1::/64
Endpoint = 192.0.2.1:51821
PersistentKeepalive = 25

[Peer]
PublicKey = ${peer2}
Endpoint = [2001:db8::9]:51822
AllowedIPs = fd00:2::/64
PersistentKeepalive = 50000
`
const tunnel = async (name = 'wg0', text = config) => (await readTunnel(name, text, 'wg0.conf')).result

describe('hostname.if', () => {
  test('one ifconfig command per line', async () => {
    const { result, lost } = printHostnameIf(await tunnel())
    expect(result.split('\n')).toEqual([
      `wgkey ${privateKey} wgport 51820 wgrtable 3`,
      `wgpeer ${peer1} wgdescr "head office id" wgpsk ${psk} wgpka 25 wgendpoint 192.0.2.1 51821 wgaip 10.0.0.0/24 wgaip 10.1.0.0/24 wgaip fd00:1::/64`,
      `wgpeer ${peer2} wgendpoint 2001:db8::9 51822 wgaip fd00:2::/64`,
      'inet 10.0.0.2/24',
      'inet alias 10.0.0.3/32',
      'inet6 fd00:1::2 64',
      'mtu 1420',
      'up',
      '!route -q -n add -inet6 fd00:2::/64 -iface fd00:1::2',
      '!route -q -n add -inet 10.1.0.0/24 -iface 10.0.0.2',
      '!route nameserver \\$if 10.0.0.1',
      '',
    ])
    expect(lost).toEqual([
      'characters of the name "head "office" `id`": "head office id" is written',
      'PersistentKeepalive 50000: ifconfig takes at most 43200',
      'search domains example.org',
    ])
  })

  test('another name, a default route, a table', async () => {
    const text = config.replace('fd00:2::/64', '0.0.0.0/0').replace('MTU', 'Table = 7\nMTU')
    const { result, lost } = printHostnameIf(await tunnel('office', text))
    expect(result).toContain('!route -q -n -T 7 add -inet 128.0.0.0/1 -iface 10.0.0.2\n')
    expect(lost.join('\n')).toMatch(/routes to the endpoints[\s\S]*the name office/)
  })
})

describe('rc.conf', () => {
  test('variables, start script, configuration for wg', async () => {
    const { result, lost } = printRcConf(await tunnel())
    expect(result.rcConf.split('\n').slice(1)).toEqual([
      'cloned_interfaces="wg0"',
      'ifconfig_wg0="inet 10.0.0.2/24 mtu 1420"',
      'ifconfig_wg0_ipv6="inet6 fd00:1::2/64"',
      'ifconfig_wg0_alias0="inet 10.0.0.3/32"',
      'static_routes="wg0_1"',
      'route_wg0_1="-net 10.1.0.0/24 -interface wg0"',
      'ipv6_static_routes="wg0_0"',
      'ipv6_route_wg0_0="fd00:2::/64 -interface wg0"',
      '',
    ])
    expect(result.startIf).toBe(
      "wg setconf wg0 /etc/wireguard/wg0.wg\nprintf '%s\\n' 'nameserver 10.0.0.1' 'search example.org' | resolvconf -a wg0 -x\n",
    )
    expect(result.wgConfig).toContain(`PrivateKey = ${privateKey}`)
    expect(result.wgConfig).not.toMatch(/Address|DNS|MTU/)
    expect(result.rcConf).not.toContain(privateKey)
    expect(lost).toEqual([])
  })

  test('a name that is not a variable', async () => {
    const { rcConf } = printRcConf(await tunnel('head-office')).result
    expect(rcConf).toContain(
      'ifconfig_wg0_name="head-office"\nifconfig_head_office="inet 10.0.0.2/24 mtu 1420"\n',
    )
  })
})

describe('ifconfig.if', () => {
  test('wgconfig lines read their keys from files', async () => {
    const { result, lost } = printIfconfigIf(await tunnel())
    expect(result.map(({ path }) => path)).toEqual(['/etc/ifconfig.wg0', '/etc/wg/wg0', '/etc/wg/wg0.1.psk'])
    expect(result[0]?.text.split('\n')).toEqual([
      'create',
      '!wgconfig $int set private-key /etc/wg/wg0',
      '!wgconfig $int set listen-port 51820',
      `!wgconfig $int add peer ${peer2.slice(0, 16)} ${peer2} --endpoint=[2001:db8::9]:51822 --allowed-ips=fd00:2::/64`,
      `!wgconfig $int add peer head-office-id ${peer1} --preshared-key=/etc/wg/wg0.1.psk --endpoint=192.0.2.1:51821 --allowed-ips=10.0.0.0/24,10.1.0.0/24,fd00:1::/64`,
      'inet 10.0.0.2/24 alias',
      'inet 10.0.0.3/32 alias',
      'inet6 fd00:1::2/64 alias',
      'mtu 1420',
      'up',
      '!route -q -n add -inet6 fd00:2::/64 -link $int -iface',
      '!route -q -n add -inet 10.1.0.0/24 -link $int -iface',
      "!printf '%s\\n' 'nameserver 10.0.0.1' 'search example.org' | resolvconf -a $int -x",
      '',
    ])
    expect(result[0]?.text).not.toContain(psk)
    expect(lost).toEqual([
      'FwMark: NetBSD has none',
      'characters of the name "head "office" `id`": "head-office-id" is written',
      'PersistentKeepalive of head-office-id: NetBSD has none',
      `PersistentKeepalive of ${peer2.slice(0, 16)}: NetBSD has none`,
    ])
  })
})
