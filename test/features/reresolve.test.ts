// SPDX-License-Identifier: MIT
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { LiveTunnel } from '../support/live-tunnel.ts'
import { NamespaceNames } from '../support/namespace-names.ts'
import { until } from '../support/netns.ts'

const why = whyNoTunnel()
if (why) console.warn(`features/reresolve: skipped: ${why}`)

describe.skipIf(why)('endpoints that move', () => {
  let tunnel: LiveTunnel
  let names: NamespaceNames
  beforeAll(async () => {
    tunnel = await LiveTunnel.open()
    names = new NamespaceNames(tunnel.ns)
  })
  afterAll(() => {
    tunnel?.remove()
    names?.remove()
  })

  test('up without DNS does not wait for ever; watch --reresolve sets the endpoint when the name is known, and again when it moves', async () => {
    names.set()
    tunnel.write(
      tunnel
        .defaultConfig()
        .replace('Endpoint = 10.77.1.2:51820', 'Endpoint = gate.example:51820\nPersistentKeepalive = 1'),
    )
    const up = tunnel.wgq('up', tunnel.configPath)
    expect(up.status, up.stderr).toBe(0)
    expect(up.stderr).toMatch(/\[!\] Temporary failure in name resolution: `gate\.example:51820'/)
    const alpha = tunnel.peers[0]?.publicKey as string
    const endpoint = () => tunnel.endpoint()
    expect(endpoint()).toBe('(none)')

    // First an address where nobody answers: the next look-up must try what the name says then.
    names.set('10.77.1.9')
    const watch = tunnel.ns.start(program('wgq'), [
      'watch',
      '--reresolve',
      '--interval',
      '0.2',
      tunnel.device,
    ])
    let text = ''
    watch.stdout?.setEncoding('utf8').on('data', (more: string) => {
      text += more
    })
    await until('the first address', () => endpoint() === '10.77.1.9:51820', 20_000)
    names.set('10.77.1.2')
    await until('the handshake at the new address', () => text.includes('"event":"handshake"'), 60_000)
    expect(endpoint()).toBe('10.77.1.2:51820')
    expect(text).toContain(
      `"event":"endpoint","interface":"${tunnel.device}","peer":"${alpha}","endpoint":"10.77.1.2:51820"`,
    )
    watch.kill()
  })
})
