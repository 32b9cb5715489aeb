// SPDX-License-Identifier: MIT
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { schemaFaults } from '../support/json-schema.ts'
import { Tunnel } from '../support/tunnel.ts'

const why = whyNoTunnel()
if (why) console.log(`look tests skipped: ${why}`)

describe.skipIf(why)('verbs that look at a tunnel that nothing was sent through', () => {
  let tunnel: Tunnel
  beforeAll(async () => {
    tunnel = await Tunnel.open({ label: 'look' })
  })
  afterAll(() => tunnel?.remove())
  const wgq = (...args: string[]) => tunnel.a.ns.tryRun(program('wgq'), args)

  test('wait --handshake calls the peer, and leaves its settings alone', () => {
    const before = wgq('show', tunnel.a.device, 'persistent-keepalive').stdout
    expect(wgq('wait', tunnel.a.device, '--handshake', '--timeout', '10')).toMatchObject({ status: 0 })
    expect(wgq('show', tunnel.a.device, 'persistent-keepalive').stdout).toBe(before)
  })

  test('an address that no peer has, and routes that refuse, in the words of ip', () => {
    const { ns, device } = tunnel.a
    const stray = wgq('doctor', device, '--to', '192.168.241.99')
    expect(stray).toMatchObject({ status: 3 })
    expect(stray.stdout).toContain(`no peer of ${device} has this address`)
    for (const [type, address] of [
      ['blackhole', '10.200.0.1'],
      ['unreachable', '10.201.0.1'],
      ['prohibit', '10.202.0.1'],
    ] as const) {
      ns.run('ip', 'route', 'add', type, `${address}/32`)
      const asked = ns.tryRun('ip', ['route', 'get', address])
      const followed = wgq('doctor', device, '--to', address)
      expect(followed.status).toBe(3)
      expect(followed.stdout).toContain(`${address}: ${asked.stderr.trim()}\n`)
      expect(followed.stdout).toContain(`: ${type} ${address}/32`)
      const json = JSON.parse(wgq('doctor', device, '--to', address, '--json').stdout)
      expect(schemaFaults('doctor', json)).toEqual([])
    }
  })

  test('a rule of another program that comes first', () => {
    const { ns, device, inner } = tunnel.a
    ns.run('ip', 'rule', 'add', 'uidrange', '1000-2000', 'lookup', '99', 'preference', '90')
    ns.run('ip', 'rule', 'add', 'to', '192.168.241.0/24', 'lookup', '98', 'preference', '91')
    ns.run('ip', 'route', 'add', 'default', 'dev', 'veth0', 'table', '98')
    ns.run('ip', 'route', 'add', 'default', 'dev', device, 'table', '99')
    const path = wgq('doctor', device, '--to', inner.v4.replace(/1$/, '2')).stdout
    expect(path).toContain('rule 91 (to 192.168.241.0/24), table 98')
    expect(path).toContain('has a route for this into')
  })

  test.each([['show'], ['showconf'], ['set', 'listen-port', '1']])(
    '%s of an interface that is not there',
    (verb, ...words) => {
      const done = wgq(verb, 'wg-missing', ...words)
      expect(done.status).toBe(1)
      expect(done.stderr).toContain('there is no interface wg-missing')
    },
  )
})
