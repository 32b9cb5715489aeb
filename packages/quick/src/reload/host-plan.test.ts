// SPDX-License-Identifier: MIT
import { type Cidr, parseCidr } from '@wgq/model/cidr'
import type { Op } from '@wgq/model/operation'
import { describe, expect, test } from 'vitest'
import type { Routing } from '../state/routes.ts'
import { type HostView, planHost } from './host-plan.ts'

const cidr = (text: string) => parseCidr(text) as Cidr
const setting = (value: string) => ({ value, at: { file: 'wg0.conf', line: 1, column: 1 } })
const file = (addresses: string[], allowedIps: string[], more: { mtu?: string; routing?: Routing } = {}) => ({
  addresses: addresses.map(setting),
  mtu: more.mtu === undefined ? undefined : setting(more.mtu),
  routing: more.routing ?? ({ to: 'auto' } as const),
  allowedIps: allowedIps.map(cidr),
})
const view = (addresses: string[], routes: string[], undo: Op[]): HostView => ({
  link: { index: 7, name: 'wg0', mtu: 1420, up: true },
  addresses: addresses.map((text) => ({ dev: 'wg0', cidr: cidr(text), scope: 'global' })),
  routes: routes.map((text) => ({ family: cidr(text).family, dst: cidr(text), dev: 'wg0', table: 254 })),
  undo,
})
const addressGone = (address: string): Op => ({ do: 'address.delete', dev: 'wg0', family: 4, address })
const routeGone = (dst: string, table?: number): Op => ({
  do: 'route.delete',
  dev: 'wg0',
  dst: cidr(dst),
  ...(table === undefined ? {} : { table }),
})
const ruleGone: Op = { do: 'rule.delete', rule: { family: 4, table: 51820, notFwmark: 51820 } }

describe('planHost', () => {
  test('nothing differs', () => {
    const plan = planHost(
      'wg0',
      file(['10.0.0.2/24'], ['10.9.0.0/16', '10.0.0.0/24']),
      view(
        ['10.0.0.2/24'],
        ['10.9.0.0/16', '10.0.0.0/24'],
        [addressGone('10.0.0.2/24'), routeGone('10.9.0.0/16')],
      ),
    )
    expect(plan).toEqual({
      additions: [],
      deletions: [],
      replacements: [],
      defaultsToAdd: [],
      defaultsToRemove: [],
      differences: [],
    })
  })

  test('a route comes, a route goes; a stranger’s route and address stay', () => {
    const plan = planHost(
      'wg0',
      file(['10.0.0.2/24'], ['10.8.0.0/16']),
      view(
        ['10.0.0.2/24', '10.77.0.1/32'],
        ['10.9.0.0/16', '10.0.0.0/24', '172.16.0.0/12'],
        [addressGone('10.0.0.2/24'), routeGone('10.9.0.0/16')],
      ),
    )
    expect(plan.additions).toEqual([{ do: 'route.add', dev: 'wg0', dst: cidr('10.8.0.0/16') }])
    expect(plan.deletions).toEqual([routeGone('10.9.0.0/16')])
  })

  test('an address that changes is added before the old one goes; its network needs no route of ours', () => {
    const plan = planHost(
      'wg0',
      file(['10.1.0.2/24'], ['10.1.0.0/24']),
      view(['10.0.0.2/24'], ['10.0.0.0/24'], [addressGone('10.0.0.2/24')]),
    )
    expect(plan.additions).toEqual([{ do: 'address.add', dev: 'wg0', family: 4, address: '10.1.0.2/24' }])
    expect(plan.deletions).toEqual([addressGone('10.0.0.2/24')])
  })

  test('a route that takes the place of a network that goes with its address comes after it', () => {
    const plan = planHost(
      'wg0',
      file(['10.1.0.2/24'], ['10.0.0.0/24']),
      view(['10.0.0.2/24'], ['10.0.0.0/24'], [addressGone('10.0.0.2/24')]),
    )
    expect(plan.replacements).toEqual([{ do: 'route.add', dev: 'wg0', dst: cidr('10.0.0.0/24') }])
  })

  test('an MTU in the file counts, an open one is left alone', () => {
    expect(planHost('wg0', file([], [], { mtu: '1300' }), view([], [], [])).additions).toEqual([
      { do: 'link.up', dev: 'wg0', mtu: '1300' },
    ])
    expect(planHost('wg0', file([], [], { mtu: '1420' }), view([], [], [])).additions).toEqual([])
    expect(planHost('wg0', file([], []), view([], [], [])).additions).toEqual([])
  })

  test('default routes come and go by family; a default route in a table of its own goes with its rules', () => {
    const come = planHost(
      'wg0',
      file([], ['::/0', '0.0.0.0/0']),
      view([], [], [ruleGone, routeGone('0.0.0.0/0', 51820)]),
    )
    expect(come.defaultsToAdd).toEqual([cidr('::/0')])
    expect(come.defaultsToRemove).toEqual([])
    const go = planHost(
      'wg0',
      file([], ['10.0.0.0/8']),
      view([], [], [ruleGone, routeGone('0.0.0.0/0', 51820)]),
    )
    expect(go.defaultsToRemove).toEqual([4])
    expect(go.deletions).toEqual([])
  })

  test('Table = off removes our routes; a numbered table takes them', () => {
    expect(
      planHost(
        'wg0',
        file([], ['10.9.0.0/16'], { routing: { to: 'off' } }),
        view([], ['10.9.0.0/16'], [routeGone('10.9.0.0/16')]),
      ).deletions,
    ).toEqual([routeGone('10.9.0.0/16')])
    const table = planHost(
      'wg0',
      file([], ['10.9.0.0/16'], { routing: { to: 'table', table: '77' } }),
      view([], [], []),
    )
    expect(table.additions).toEqual([{ do: 'route.add', dev: 'wg0', dst: cidr('10.9.0.0/16'), table: '77' }])
  })
})
