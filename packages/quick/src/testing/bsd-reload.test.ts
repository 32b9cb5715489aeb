// SPDX-License-Identifier: MIT
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseCidr } from '@wgq/model/cidr'
import { afterEach, describe, expect, test } from 'vitest'
import { BsdBench, type BsdName } from './bsd-bench.ts'

const privateKey = 'IB4TVNeFndKaWPEe0/5eg7pPbFIWev2oorBdAuNZT1M='
const peer = 'C/xzKu3IoCh9JQN0FjfvJnWB83wW6p0ThnCpqVcg0gs='
const file = (lines: string, allowedIps: string): string => `[Interface]
PrivateKey = ${privateKey}
${lines}
[Peer]
PublicKey = ${peer}
AllowedIPs = ${allowedIps}
Endpoint = 192.0.2.1:51820
`
const systems = ['freebsd', 'openbsd', 'netbsd'] as const
const addresses = 'Address = 10.0.0.2/24, fd00::2/64'

let bench: BsdBench
const open = (name: BsdName): void => {
  bench = new BsdBench(name)
  for (const [dst, gateway] of [
    ['0.0.0.0/0', '192.168.1.1'],
    ['::/0', 'fe80::1%em0'],
  ] as const) {
    const cidr = parseCidr(dst)
    if (cidr) bench.simulated.routes.push({ dst: cidr, dev: 'em0', gateway, table: '0' })
  }
}
afterEach(() => bench.close())

const routes = () =>
  bench.simulated.routes
    .filter(({ dev }) => dev !== 'em0')
    .map(({ dst, table }) => `${dst.address}/${dst.prefixLength}${table === '0' ? '' : ` table ${table}`}`)
    .sort()
/** Deletes a route of the tunnel, named as above, as another program would. */
const takeAway = (name: string): void => {
  const all = bench.simulated.routes
  const at = all.findIndex(
    ({ dst, table, dev }) =>
      dev !== 'em0' && `${dst.address}/${dst.prefixLength}${table === '0' ? '' : ` table ${table}`}` === name,
  )
  if (at < 0) throw new Error(`no route ${name}`)
  all.splice(at, 1)
}
const journals = () => {
  const folder = join(bench.directory, 'run')
  return readdirSync(folder).filter((name) => !name.endsWith('.lock'))
}

/** A tunnel that came up as configured has no difference, and a reload changes nothing. */
const expectSettled = async (config: string): Promise<void> => {
  expect(await bench.differences(config)).toEqual([])
  bench.simulated.calls.length = 0
  expect(await bench.reload(config)).toBe(0)
  expect(bench.simulated.changes).toEqual([])
}

describe.each([
  ['openbsd', 'Table = 1', '0.0.0.0/0', ['0.0.0.0/0 table 1']],
  ['openbsd', 'Table = 1', '::/0, 10.9.0.0/16', ['10.9.0.0/16 table 1', '::/0 table 1']],
  ['openbsd', 'Table = 3', '0.0.0.0/1, 128.0.0.0/1', ['0.0.0.0/1 table 3', '128.0.0.0/1 table 3']],
  ['freebsd', 'Table = 1', '0.0.0.0/0, ::/0', ['0.0.0.0/0 table 1', '::/0 table 1']],
  ['freebsd', 'Table = 2', '8000::/1', ['8000::/1 table 2']],
] as const)('%s: %s with %s', (name, table, allowedIps, expected) => {
  test('is in sync, and goes', async () => {
    open(name)
    const config = file(`${addresses}\n${table}`, allowedIps)
    expect(await bench.up(config)).toBe(0)
    expect(routes().filter((route) => route.includes('table'))).toEqual(expected)
    await expectSettled(config)
    // A reload restores what another program removed.
    takeAway(expected[0])
    expect(await bench.differences(config)).toHaveLength(1)
    expect(await bench.reload(config)).toBe(0)
    await expectSettled(config)
    expect(await bench.down(config)).toBe(0)
    expect(routes()).toEqual([])
  })
})

describe.each(systems)('%s', (name) => {
  test.each(['0.0.0.0/1, 128.0.0.0/1', '0.0.0.0/1', '::/1, 8000::/1', '0.0.0.0/0', '::/0'])(
    'half of everything in the main table: %s',
    async (allowedIps) => {
      open(name)
      const config = file(addresses, allowedIps)
      expect(await bench.up(config)).toBe(0)
      await expectSettled(config)
      expect(await bench.down(config)).toBe(0)
      expect(routes()).toEqual([])
    },
  )

  test.each(['0.0.0.0/1', '128.0.0.0/1', '::/1', '8000::/1'])(
    'a half of the default route that somebody took away comes back: %s',
    async (half) => {
      open(name)
      const config = file(addresses, '0.0.0.0/0, ::/0')
      expect(await bench.up(config)).toBe(0)
      takeAway(half)
      expect(await bench.differences(config)).toEqual([
        `default route ${half.includes(':') ? '::/0' : '0.0.0.0/0'}`,
      ])
      expect(await bench.reload(config)).toBe(0)
      expect(routes()).toContain(half)
      await expectSettled(config)
      expect(await bench.down(config)).toBe(0)
      expect(routes()).toEqual([])
    },
  )

  test('halves that the file names go with the file, alone or both', async () => {
    open(name)
    const with2 = file(addresses, '0.0.0.0/1, 128.0.0.0/1, 10.9.0.0/16')
    const with1 = file(addresses, '128.0.0.0/1, 10.9.0.0/16')
    const with0 = file(addresses, '10.9.0.0/16')
    expect(await bench.up(with2)).toBe(0)
    for (const [next, halves] of [
      [with1, ['128.0.0.0/1']],
      [with0, []],
      [with2, ['0.0.0.0/1', '128.0.0.0/1']],
    ] as const) {
      expect(await bench.reload(next)).toBe(0)
      expect(routes().filter((route) => route.endsWith('/1'))).toEqual(halves)
      await expectSettled(next)
    }
    expect(await bench.down(with2)).toBe(0)
    expect(routes()).toEqual([])
  })

  test('an address that takes the place of the first one: the routes are there in the end', async () => {
    open(name)
    const config = file(addresses, '10.9.0.0/16, fd09::/48')
    expect(await bench.up(config)).toBe(0)
    const edited = config.replace('10.0.0.2/24', '10.5.0.2/24').replace('fd00::2/64', 'fd05::2/64')
    expect(await bench.reload(edited)).toBe(0)
    expect(routes()).toEqual(['10.5.0.0/24', '10.9.0.0/16', 'fd05::/64', 'fd09::/48'])
    await expectSettled(edited)
    expect(await bench.down(edited)).toBe(0)
    expect(routes()).toEqual([])
  })

  test('two at once: one comes up, the other one says that it is there', async () => {
    open(name)
    const config = file(addresses, '10.9.0.0/16')
    const ends = await Promise.allSettled([bench.up(config), bench.up(config)])
    const [good, bad] = [...ends].sort((a, b) => a.status.localeCompare(b.status))
    expect(good).toMatchObject({ status: 'fulfilled', value: 0 })
    expect(bad).toMatchObject({
      status: 'rejected',
      reason: { message: expect.stringMatching(/already exists/) },
    })
    await expectSettled(config)
    expect(await bench.down(config)).toBe(0)
    expect([...bench.simulated.interfaces.keys()]).toEqual(['em0'])
    expect(journals()).toEqual([])
  })

  test('a lost journal: down takes everything that the tunnel has', async () => {
    open(name)
    const config = file(addresses, '10.9.0.0/16, 0.0.0.0/0')
    expect(await bench.up(config)).toBe(0)
    rmSync(join(bench.directory, 'run/wg0.json'))
    expect(await bench.differences(config)).toEqual([])
    expect(await bench.down(config)).toBe(0)
    expect(routes()).toEqual([])
    expect([...bench.simulated.interfaces.keys()]).toEqual(['em0'])
    expect(bench.simulated.routes.map(({ dst }) => dst.prefixLength)).toEqual([0, 0])
  })

  test('a signal during down: the next one goes on', async () => {
    open(name)
    const config = file(`${addresses}\nPreDown = echo going`, '10.9.0.0/16, 0.0.0.0/0')
    expect(await bench.up(config)).toBe(0)
    bench.interruption.signal = 'SIGTERM'
    await bench.down(config).catch(() => 1)
    delete bench.interruption.signal
    await bench.down(config).catch(() => 0)
    expect(routes()).toEqual([])
    expect([...bench.simulated.interfaces.keys()]).toEqual(['em0'])
    expect(bench.simulated.routes.map(({ dst }) => dst.prefixLength)).toEqual([0, 0])
    expect(journals()).toEqual([])
  })
})
