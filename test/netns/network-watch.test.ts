// SPDX-License-Identifier: MIT
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type NetworkEvent, watchNetwork } from '../../packages/netlink/src/monitor.ts'
import { Namespace, until, whyNoNetns } from '../support/netns.ts'

const reason = whyNoNetns()
if (reason) console.log(`skipped: ${reason}`)

describe.skipIf(reason)('watching the network', () => {
  let ns: Namespace
  beforeAll(() => {
    ns = new Namespace('nl-watch')
  })
  afterAll(() => ns.remove())

  it('tells of links, addresses, routes and rules that come and go', async () => {
    const events: NetworkEvent[] = []
    const stop = watchNetwork((event) => events.push(event), { netnsPath: ns.path })
    ns.run('ip', 'tuntap', 'add', 't1', 'mode', 'tun')
    ns.run('ip', 'address', 'add', '10.1.0.1/24', 'dev', 't1')
    ns.run('ip', 'link', 'set', 't1', 'up')
    ns.run('ip', 'route', 'add', '10.2.0.0/16', 'dev', 't1', 'table', '400')
    ns.run('ip', 'rule', 'add', 'not', 'fwmark', '400', 'table', '400')
    ns.run('ip', '-6', 'rule', 'add', 'table', '401')
    ns.run('ip', 'link', 'delete', 't1')
    const gone = await until('the end of t1', () =>
      events.find((event) => event.what === 'link' && event.gone && event.link.name === 't1'),
    )
    stop()
    expect(gone).toMatchObject({ link: { kind: 'tun' } })
    expect(events).toContainEqual(
      expect.objectContaining({
        what: 'address',
        gone: false,
        address: expect.objectContaining({ cidr: { family: 4, address: '10.1.0.1', prefixLength: 24 } }),
      }),
    )
    for (const act of [false, true])
      expect(events.some((event) => event.what === 'address' && event.gone === act)).toBe(true)
    expect(events).toContainEqual(
      expect.objectContaining({ what: 'route', gone: false, route: expect.objectContaining({ table: 400 }) }),
    )
    expect(events).toContainEqual(
      expect.objectContaining({
        what: 'rule',
        gone: false,
        rule: expect.objectContaining({ table: 400, notFwmark: 400 }),
      }),
    )
    expect(events).toContainEqual(
      expect.objectContaining({ what: 'rule', rule: expect.objectContaining({ family: 6, table: 401 }) }),
    )
  })

  it('says so when the kernel dropped events', async () => {
    const events: NetworkEvent[] = []
    const stop = watchNetwork((event) => events.push(event), { netnsPath: ns.path })
    const routes = Array.from(
      { length: 3000 },
      (_, i) => `route add blackhole 10.${i >> 8}.${i & 255}.0/24 table 402`,
    )
    // This process does not read while the batch runs.
    expect(ns.tryRun('ip', ['-batch', '-'], { input: `${routes.join('\n')}\n` }).status).toBe(0)
    await until('the loss', () => events.some((event) => event.what === 'lost'))
    ns.run('ip', 'rule', 'add', 'table', '403')
    await until('a later event', () =>
      events.some((event) => event.what === 'rule' && event.rule.table === 403),
    )
    stop()
  })
})
