// SPDX-License-Identifier: MIT

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openHost } from '../../packages/backends/src/linux/host.ts'
import { formatCidr, parseCidr } from '../../packages/model/src/cidr.ts'
import type { Host } from '../../packages/model/src/host.ts'
import type { Op } from '../../packages/model/src/operation.ts'
import { MemoryHost } from '../../packages/quick/src/testing/memory/memory-host.ts'
import { Network } from '../../packages/quick/src/testing/memory/network.ts'
import { Namespace, whyNoNetns } from '../support/netns.ts'

// The network in memory, on which the unit tests of wg-quick's verbs run, does what this machine's kernel does.
const why = whyNoNetns()
if (why) console.log(`skipped: ${why}`)

const dev = 'd0'
type Step = Op | { do: 'down' } | { do: 'mtu'; mtu: number }

const cidr = (text: string) => parseCidr(text) as NonNullable<ReturnType<typeof parseCidr>>
const address = fc.constantFrom(
  ...['10.9.0.2/24', '10.9.0.3/24', '10.9.0.4/24', '10.9.0.2/32', '10.8.0.2/16', '10.7.0.2/32'],
  ...['fd09::2/64', 'fd09::2/128', 'fd09::3/64', 'fd08::2/128'],
)
const destination = fc.constantFrom(
  ...['0.0.0.0/0', '10.9.0.0/24', '10.9.0.0/25', '10.7.0.2/32', '172.16.0.0/12'],
  ...['::/0', 'fd09::/64', 'fd09::2/128', 'fd07::/48'],
)
const table = fc.constantFrom(254, 51820)
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc
    .tuple(fc.constantFrom('address.add' as const, 'address.delete' as const), address)
    .map(([act, text]) => ({
      do: act,
      dev,
      family: text.includes(':') ? (6 as const) : (4 as const),
      address: text,
    })),
  fc
    .tuple(fc.constantFrom('route.add' as const, 'route.delete' as const), destination, table)
    .map(([act, text, number]) => ({ do: act, dev, dst: cidr(text), table: number })),
  fc
    .tuple(
      fc.constantFrom('floor.add' as const, 'floor.delete' as const),
      fc.constantFrom(4 as const, 6 as const),
    )
    .map(([act, family]) => ({ do: act, family, table: 51820 })),
  fc
    .tuple(
      fc.constantFrom('rule.add' as const, 'rule.delete' as const),
      fc.constantFrom(4 as const, 6 as const),
      fc.constantFrom({ notFwmark: 51820, table: 51820 }, { suppressPrefixLength: 0, table: 254 }),
      fc.constantFrom({}, { preference: 100 }),
    )
    .map(([act, family, fields, preference]) => ({ do: act, rule: { family, ...fields, ...preference } })),
  { weight: 1, arbitrary: fc.constant({ do: 'link.up' as const, dev, mtu: '1420' }) },
  { weight: 1, arbitrary: fc.constant({ do: 'down' as const }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(1200, 1279, 1280, 1400).map((mtu) => ({ do: 'mtu' as const, mtu })),
  },
)

const stateOf = async (host: Host) => {
  const state: unknown[] = []
  for (const family of [4, 6] as const) {
    state.push(
      (await host.addresses(dev, family))
        .filter(({ scope }) => scope === 'global')
        .map((one) => formatCidr(one.cidr)),
    )
    for (const number of [254, 51820])
      state.push(
        (await host.routes({ family, table: number }))
          .filter((route) => route.dev === dev || route.type !== undefined)
          .map(
            (route) => `${formatCidr(route.dst)} ${route.metric ?? 0} ${route.protocol} ${route.type ?? ''}`,
          )
          .sort(),
      )
    state.push(
      (await host.rules(family)).map(
        (rule) =>
          `${rule.preference} ${rule.table} ${rule.notFwmark ?? ''} ${rule.suppressPrefixLength ?? ''}`,
      ),
    )
  }
  const link = await host.link(dev)
  state.push(link?.up, link?.mtu)
  return state
}

describe.skipIf(why)('the network in memory', () => {
  let ns: Namespace
  let host: Host
  beforeAll(() => {
    ns = new Namespace('memory')
    host = openHost({ netns: ns.name })
  })
  afterAll(() => {
    host?.close()
    ns?.remove()
  })

  const reset = (promote: boolean): { network: Network; memory: Host } => {
    ns.run(
      'sh',
      '-c',
      `ip link delete ${dev} 2>/dev/null; ip rule flush; ip rule add table main pref 32766; ip rule add table default pref 32767; ip -6 rule flush; ip -6 rule add table main pref 32766; ip route flush table 51820 2>/dev/null; ip -6 route flush table 51820 2>/dev/null; for f in 4 6; do ip -$f route delete unreachable default table 51820 metric 4294967295 2>/dev/null; done; for c in all default; do echo ${promote ? 1 : 0} > /proc/sys/net/ipv4/conf/$c/promote_secondaries; done; echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad; echo 1 > /proc/sys/net/ipv6/conf/default/addr_gen_mode; ip link add name ${dev} mtu 1420 type veth peer name e0; ip link set dev e0 addrgenmode none up; ip link set dev ${dev} addrgenmode none`,
    )
    const network = new Network()
    network.sysctls.set('net.ipv4.conf.all.promote_secondaries', promote ? '1' : '0')
    network.addLink(dev, 'dummy')
    return { network, memory: new MemoryHost(network, { before: async () => {}, after: () => {} }) }
  }

  test('does what the kernel does, step by step', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.array(steps, { minLength: 1, maxLength: 25 }),
        async (promote, list) => {
          const { network, memory } = reset(promote)
          const up: Op = { do: 'link.up', dev, mtu: '1420' }
          await host.apply([up])
          await memory.apply([up])
          for (const step of list) {
            let theirs: unknown
            let ours: unknown
            if (step.do === 'down') {
              ns.run('ip', 'link', 'set', dev, 'down')
              network.setUp(dev, false)
            } else if (step.do === 'mtu') {
              ns.run('ip', 'link', 'set', dev, 'mtu', `${step.mtu}`)
              network.setMtu(dev, step.mtu)
            } else {
              theirs = await host.apply([step as Op]).then(
                () => undefined,
                (error) => error.errno,
              )
              ours = await memory.apply([step as Op]).then(
                () => undefined,
                (error) => error.errno,
              )
            }
            expect({ step, outcome: ours, state: await stateOf(memory) }).toEqual({
              step,
              outcome: theirs,
              state: await stateOf(host),
            })
          }
        },
      ),
      {
        numRuns: Number(process.env['WGQ_MEMORY_RUNS'] ?? 40),
        endOnFailure: false,
        seed: Number(process.env['WGQ_SEED'] ?? 1),
      },
    )
  }, 300_000)
})
