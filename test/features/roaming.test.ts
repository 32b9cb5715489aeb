// SPDX-License-Identifier: MIT
// A kill switch of a split tunnel while the server moves; a name with an address that is dead.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { long, program, whyNoTunnel } from '../support/implementation.ts'
import { LiveTunnel } from '../support/live-tunnel.ts'
import { NamespaceNames } from '../support/namespace-names.ts'
import { until } from '../support/netns.ts'

const why = whyNoTunnel('nft')
if (why) console.warn(`features/roaming: skipped: ${why}`)

describe.skipIf(why)('a server that moves', () => {
  let tunnel: LiveTunnel
  let names: NamespaceNames
  beforeAll(async () => {
    tunnel = await LiveTunnel.open()
    names = new NamespaceNames(tunnel.ns)
  })
  afterEach(() => {
    tunnel.wgq('down', tunnel.configPath)
  })
  afterAll(() => {
    tunnel?.remove()
    names?.remove()
  })
  const alpha = () => tunnel.peers[0] as LiveTunnel['peers'][number]
  const endpoint = () => tunnel.endpoint()
  const watchNames = () =>
    tunnel.ns.start(program('wgq'), ['watch', '--reresolve', '--interval', '0.5', tunnel.device])
  /** The server has this address outside, and no other. */
  const moveServer = (address: string) => {
    const { ns } = alpha()
    ns.run('ip', 'address', 'flush', 'dev', 'up0')
    ns.run('ip', 'address', 'add', `${address}/24`, 'dev', 'up0')
    ns.run('ip', 'route', 'replace', 'default', 'via', '10.77.1.1')
  }

  test('is let through by the kill switch of a split tunnel, whoever notices first', async () => {
    tunnel.write(tunnel.defaultConfig().replace('[Interface]', '[Interface]\n# KillSwitch = on'))
    tunnel.up()
    expect(tunnel.reaches(2)).toBe(true)
    try {
      // It sends first, and is found by its packets.
      moveServer('10.77.1.22')
      alpha().ns.tryRun('ping', ['-c', '1', '-W', '1', '10.60.0.1'])
      await until('the new endpoint', () => endpoint() === '10.77.1.22:51820')
      expect(tunnel.reaches(2)).toBe(true)
      // Somebody who knows says it.
      moveServer('10.77.1.23')
      const words = [tunnel.device, 'peer', alpha().publicKey, 'endpoint', '10.77.1.23:51820']
      expect(tunnel.wgq('set', ...words).status).toBe(0)
      await until('an answer', () => tunnel.reaches(2), 30_000)
      expect(tunnel.wgq('diff', tunnel.configPath).status).toBe(0)
      // Another program's rules are seen, and what they were before comes back.
      tunnel.ns.run('nft', 'flush', 'table', 'inet', `wgq-kill-${tunnel.device}`)
      expect(tunnel.wgq('diff', tunnel.configPath).stdout).toContain('kill switch')
      expect(tunnel.wgq('reload', tunnel.configPath).status).toBe(0)
      expect(tunnel.wgq('diff', tunnel.configPath).status).toBe(0)
    } finally {
      moveServer('10.77.1.2')
    }
  })

  const dead = '2001:db8:dead::1'
  const follow = async (seconds: number, ...addresses: string[]) => {
    names.set(...addresses)
    tunnel.write(tunnel.defaultConfig().replace('10.77.1.2:51820', 'gate.example:51820'))
    tunnel.up()
    await until('an answer', () => tunnel.reaches(2), 60_000)
    expect(endpoint()).toBe('10.77.1.2:51820')
    const watch = watchNames()
    let moved = ''
    watch.stdout?.setEncoding('utf8').on('data', (text: string) => {
      moved += text
        .split('\n')
        .filter((line) => line.includes('"event":"endpoint"'))
        .join('\n')
    })
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
    for (let count = 0; count < 3; count++) expect(tunnel.reaches(2)).toBe(true)
    expect([moved, endpoint()]).toEqual(['', '10.77.1.2:51820'])
    watch.kill()
  }

  // As long as a session lives: after that an idle peer looks like one that does not answer.
  test.runIf(long)(
    'a peer that answers keeps its endpoint while it is idle, whatever else its name has',
    async () => {
      tunnel.ns.run('ip', '-6', 'route', 'add', `${dead}/128`, 'dev', 'up1')
      await follow(200, '10.77.1.2', dead)
      tunnel.ns.run('ip', '-6', 'route', 'delete', `${dead}/128`, 'dev', 'up1')
    },
    300_000,
  )

  test('an address without a way is passed over, in whatever order the name has them', async () => {
    names.set()
    tunnel.write(tunnel.defaultConfig().replace('10.77.1.2:51820', 'gate.example:51820'))
    tunnel.up()
    expect(endpoint()).toBe('(none)')
    names.set(dead, '10.77.1.2')
    const watch = watchNames()
    const seen: string[] = []
    watch.stdout?.setEncoding('utf8').on('data', (text: string) => {
      seen.push(...[...text.matchAll(/"endpoint":"([^"]+)"/g)].map(([, found]) => found as string))
    })
    await until('an answer', () => tunnel.reaches(2), 30_000)
    await until('the event', () => seen.length > 0)
    expect(new Set(seen)).toEqual(new Set(['10.77.1.2:51820']))
    watch.kill()
  })
})
