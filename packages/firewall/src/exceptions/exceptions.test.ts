// SPDX-License-Identifier: MIT
import { isWgqError } from '@wgq/model/error'
import { expect, test } from 'vitest'
import { setChains, unsetChains } from '../iptables.ts'
import { killSwitchTable } from '../kill-switch/table.ts'
import { readSaved } from '../own-table.ts'
import { asideTable } from './aside.ts'
import { exceptionsOf } from './directives.ts'

const read = (...lines: string[]) =>
  exceptionsOf(`[Interface]\n${lines.map((line) => `# ${line}\n`).join('')}`, 'wg0.conf')

test('several lines add up, in one order', () => {
  expect(
    read('KillSwitchAllow = LAN, uid 01000', 'KillSwitchAllow = dev  docker0, 192.168.1.7/24, fd00::/8'),
  ).toEqual({
    allow: ['192.168.1.0/24', 'fd00::/8', 'dev docker0', 'uid 1000', 'lan'],
  })
  expect(read('ReplyOutside = on', 'Before = 5270')).toEqual({ allow: ['replies'], before: 5270 })
  expect(read('ReplyOutside = off', 'KillSwitch = on')).toBeUndefined()
})

test.each([
  'KillSwitchAllow = eth0',
  'KillSwitchAllow = 0.0.0.0/0',
  'KillSwitchAllow = lan, ::/0',
  'KillSwitchAllow = dev a"b',
  'KillSwitchAllow = dev eth*',
  'KillSwitchAllow = uid root',
  'KillSwitchAllow = uid 4294967295',
  'Before = 32767',
  'Before = 3',
  'Before = first',
])('%s is refused with its place', (line) => {
  let raised: unknown
  try {
    read('Name = one', line)
  } catch (error) {
    raised = error
  }
  expect(isWgqError(raised) && [raised.code, raised.at?.line]).toEqual(['E_VALUE', 3])
})

const allow = ['10.0.0.0/8', '192.0.2.1/32', 'dev docker0', 'uid 1000', 'replies', 'lan']

test('iptables reads what it was given, and only as a whole', () => {
  const state = { mark: 0xca6c, resolvers: [], allow }
  const batch = setChains(killSwitchTable.tableOf('wg0', state), 4, '')
  expect(readSaved(killSwitchTable, 'wg0', 4, batch.replace(/-I (\w+)/g, '-A $1'))).toEqual(state)
  const aside = { mark: 0xca6c, allow: ['uid 1000', 'replies'] }
  const marks = setChains(asideTable.tableOf('wg0', aside), 4, '')
  expect(readSaved(asideTable, 'wg0', 4, marks)).toEqual(aside)
  expect(readSaved(asideTable, 'wg0', 4, marks.replace(/^.*-i lo.*\n/m, ''))).toBeUndefined()
  expect(unsetChains(asideTable.tableOf('wg0'), marks)).toContain('-X wgq-pre-wg0')
  expect(unsetChains(asideTable.tableOf('wg0'), '')).toBeUndefined()
})
