// SPDX-License-Identifier: MIT
import type { Link } from '@wgq/model/host'
import type { Journal } from '@wgq/quick/run/journal'
import { expect, test } from 'vitest'
import { checkRenamed } from './renamed.ts'

const link = (index: number, name: string): Link => ({ index, name, mtu: 1420, up: true })
const journal = (more: Partial<Journal> = {}): Journal => ({
  version: 1,
  interface: 'wg0',
  config: '/etc/wireguard/wg0.conf',
  netns: 1,
  state: 'up',
  owner: { pid: 1, started: '' },
  linkIndex: 7,
  undo: [],
  ...more,
})

test.each(['wg0', 'other'])('a renamed interface is found under %s', (name) => {
  expect(checkRenamed(name, [link(1, 'lo'), link(7, 'other')], [journal()])).toMatchObject({
    status: 'problem',
    message: 'wg0 is called other now',
    hint: expect.stringContaining('ip link set other name wg0'),
  })
})

test.each<[string, Link[], Journal[]]>([
  ['it has its name', [link(7, 'wg0')], [journal()]],
  ['it is gone', [link(8, 'other')], [journal()]],
  ['its index is not noted', [link(7, 'other')], [startedOnly()]],
  ['its index is one of another namespace', [link(7, 'other')], [journal({ into: 'blue' })]],
  [
    'another one was renamed',
    [link(7, 'wg0'), link(9, 'other')],
    [journal(), journal({ interface: 'wg1', linkIndex: 9 })],
  ],
])('nothing is said when %s', (_, links, journals) => {
  expect(checkRenamed('wg0', links, journals)).toBeUndefined()
})

function startedOnly(): Journal {
  const { linkIndex: _, ...rest } = journal()
  return rest
}
