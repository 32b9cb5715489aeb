// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { readIptables } from './filter/iptables-save.ts'
import type { Filters } from './filter/read-filters.ts'
import { checkFlowtables, checkForwarding, checkPort } from './packet-filter.ts'
import { nowSeconds, testPeer, testSubject } from './testing.ts'

const filters = (input: string, forward: string, more = ''): (() => Filters) => {
  const text = `*filter\n:INPUT ${input} [0:0]\n:FORWARD ${forward} [0:0]\n:DOCKER-USER - [0:0]\n${more}COMMIT\n`
  return () => ({ chains: readIptables(text, 4), flowtables: [] })
}
const never = { lastHandshake: { seconds: 0n, nanoseconds: 0 } }
const serverFile =
  '[Interface]\nAddress = 10.9.0.1/24\nListenPort = 51820\n[Peer]\nAllowedIPs = 10.9.0.2/32\n'
const server = (peers = [testPeer(['10.9.0.2/32'], never)]) =>
  testSubject({ config: serverFile }, { peers, fwmark: 0 }, { routeTo: async () => ({ dev: 'eth0' }) })
const forwards = (value: string) => (key: string) => (key === 'net.ipv4.ip_forward' ? value : undefined)

test('a server whose port the filter drops', async () => {
  const [finding] = await checkPort(server(), filters('DROP', 'ACCEPT'))
  expect(finding).toMatchObject({ check: 'firewall', status: 'problem' })
  expect(finding?.message).toContain('the firewall drops UDP 51820')
  expect(finding?.hint).toBe('iptables -I INPUT -p udp --dport 51820 -j ACCEPT')
  const inUse = server([
    testPeer(['10.9.0.2/32'], { lastHandshake: { seconds: BigInt(nowSeconds - 9), nanoseconds: 0 } }),
  ])
  expect((await checkPort(inUse, filters('DROP', 'ACCEPT')))[0]?.status).toBe('warning')
})
test('an open port, and a client behind a closed filter, are fine', async () => {
  const open = '-A INPUT -p udp -m udp --dport 51820 -j ACCEPT\n'
  expect(await checkPort(server(), filters('DROP', 'ACCEPT', open))).toEqual([])
  expect(await checkPort(testSubject(), filters('DROP', 'DROP'))).toEqual([])
})
test('a server that does not forward', async () => {
  const two = server([testPeer(['10.9.0.2/32']), testPeer(['10.9.0.3/32'])])
  const [finding] = await checkForwarding(two, forwards('0'), filters('ACCEPT', 'ACCEPT'))
  expect(finding).toMatchObject({ check: 'forwarding', status: 'warning' })
  expect(finding?.hint).toContain('sysctl net.ipv4.ip_forward=1')
  // With one peer this may be intended.
  expect((await checkForwarding(server(), forwards('0'), filters('ACCEPT', 'ACCEPT')))[0]?.status).toBe(
    'info',
  )
})
test('a FORWARD chain that drops is named with the rule that repairs it', async () => {
  const [finding] = await checkForwarding(server(), forwards('1'), filters('ACCEPT', 'DROP'))
  expect(finding?.message).toContain('FORWARD of iptables drops')
  expect(finding?.hint).toContain('iptables -I DOCKER-USER -i wg0 -j ACCEPT')
})
test('a server that forwards, and a client that does not, are fine', async () => {
  expect(await checkForwarding(server(), forwards('1'), filters('ACCEPT', 'ACCEPT'))).toEqual([])
  expect(await checkForwarding(testSubject(), forwards('0'), filters('DROP', 'DROP'))).toEqual([])
})
test('a flowtable that has the interface', () => {
  const flowtables = [
    { title: 'flowtable f of table inet t', interfaces: ['wg0'] },
    { title: 'flowtable g of table inet t', interfaces: ['eth0'] },
  ]
  const found = checkFlowtables(testSubject(), () => ({ chains: [], flowtables }))
  expect(found.map(({ message }) => message)).toEqual([
    'flowtable f of table inet t has wg0 in it, and loses it when the interface goes down',
  ])
})
