// SPDX-License-Identifier: MIT
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { checkManagers } from './other-managers.ts'
import { testPeer, testSubject } from './testing.ts'

const base = mkdtempSync(join(tmpdir(), 'wgq-managers-'))
afterAll(() => rmSync(base, { recursive: true }))
const root = (files: Record<string, string>): string => {
  const folder = mkdtempSync(join(base, 'root-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}
const networkdRuns = { 'run/systemd/netif/state': '' }
const managerRuns = { 'run/NetworkManager/NetworkManager.pid': '1' }
const firewalldRuns = { 'run/firewalld.pid': '1' }
const statuses = async (...of: Parameters<typeof checkManagers>) =>
  (await checkManagers(...of)).map(({ check, status }) => `${check} ${status}`)
const withoutRules = { rules: async () => [] }

test('nothing runs beside it: nothing to say', async () => {
  expect(await statuses(testSubject(), root({}))).toEqual([])
})
test('a full tunnel whose rules are gone, and who takes them', async () => {
  const lost = testSubject({}, {}, withoutRules)
  const found = await checkManagers(lost, root(networkdRuns))
  expect(found.map(({ check, status }) => `${check} ${status}`)).toEqual(['rule problem', 'networkd warning'])
  expect(found[1]?.hint).toContain('ManageForeignRoutingPolicyRules=no and ManageForeignRoutes=no')
})
test('networkd configured to leave rules alone, by whichever file comes last', async () => {
  const name = 'etc/systemd/networkd.conf.d'
  const off = '[Network]\nManageForeignRoutingPolicyRules=no\nManageForeignRoutes=false\n'
  expect(await statuses(testSubject(), root({ ...networkdRuns, [`${name}/wg.conf`]: off }))).toEqual([])
  const on = '[Network]\nManageForeignRoutes=yes\n'
  const both = { ...networkdRuns, [`${name}/10-wg.conf`]: off, [`${name}/20-on.conf`]: on }
  expect((await checkManagers(testSubject(), root(both)))[0]?.message).toContain('(ManageForeignRoutes)')
})
test('a file with a table of its own makes its own rules; a split tunnel needs none', async () => {
  const own = testSubject({ config: '[Interface]\nTable = off\n' }, {}, withoutRules)
  expect(await statuses(own, root({}))).toEqual([])
  const split = testSubject({}, { peers: [testPeer(['10.0.0.0/8'])] }, withoutRules)
  expect(await statuses(split, root(networkdRuns))).toEqual([])
})
test.each([
  ['unmanaged-devices=interface-name:wg0', []],
  ['unmanaged-devices=mac:00:11:22:33:44:55;interface-name:wg*', []],
  ['unmanaged-devices=interface-name:=wg0', []],
  ['unmanaged-devices=interface-name:tun*', ['networkmanager info']],
])('NetworkManager with %s', async (line, expected) => {
  const files = { ...managerRuns, 'etc/NetworkManager/conf.d/wg.conf': `[keyfile]\n${line}\n` }
  expect(await statuses(testSubject(), root(files))).toEqual(expected)
})
test('NetworkManager took the addresses', async () => {
  const bare = testSubject({}, { fwmark: 0 }, { addresses: async () => [] })
  expect(await statuses(bare, root(managerRuns))).toEqual(['networkmanager warning'])
})
test.each([
  ['', ['firewalld warning']],
  ['IPv6_rpfilter=yes\n', ['firewalld warning']],
  ['IPv6_rpfilter=no\n', []],
])('firewalld with %j and a full tunnel over IPv6', async (text, expected) => {
  const endpoint = { family: 6 as const, address: '2001:db8::1', port: 51820 }
  const subject = testSubject({}, { peers: [testPeer(['::/0'], { endpoint })] })
  const files = { ...firewalldRuns, 'etc/firewalld/firewalld.conf': text }
  expect(await statuses(subject, root(files))).toEqual(expected)
})
