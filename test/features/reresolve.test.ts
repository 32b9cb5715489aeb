// SPDX-License-Identifier: MIT
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { LiveTunnel } from '../support/live-tunnel.ts'
import { until } from '../support/netns.ts'

const why = whyNoTunnel()
if (why) console.warn(`features/reresolve: skipped: ${why}`)

describe.skipIf(why)('endpoints that move', () => {
  let tunnel: LiveTunnel
  let folder: string
  beforeAll(async () => {
    tunnel = await LiveTunnel.open()
    // ip netns exec puts these files over /etc/hosts and /etc/resolv.conf.
    folder = `/etc/netns/${tunnel.ns.name}`
    mkdirSync(folder, { recursive: true })
    writeFileSync(`${folder}/resolv.conf`, 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n')
  })
  afterAll(() => {
    tunnel?.remove()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })
  const hosts = (address: string | undefined) =>
    writeFileSync(`${folder}/hosts`, address === undefined ? '' : `${address} gate.example\n`)

  test('up without DNS does not wait for ever; watch --reresolve sets the endpoint when the name is known, and again when it moves', async () => {
    hosts(undefined)
    tunnel.write(
      tunnel
        .defaultConfig()
        .replace('Endpoint = 10.77.1.2:51820', 'Endpoint = gate.example:51820\nPersistentKeepalive = 1'),
    )
    const up = tunnel.wgq('up', tunnel.configPath)
    expect(up.status, up.stderr).toBe(0)
    expect(up.stderr).toMatch(/\[!\] Temporary failure in name resolution: `gate\.example:51820'/)
    const alpha = tunnel.peers[0]?.publicKey as string
    const endpoint = () =>
      tunnel
        .wgq('show', tunnel.device, 'endpoints')
        .stdout.split('\n')
        .find((line) => line.startsWith(alpha))
        ?.split('\t')[1]
    expect(endpoint()).toBe('(none)')

    // First an address where nobody answers: the next look-up must try what the name says then.
    hosts('10.77.1.9')
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
    hosts('10.77.1.2')
    await until('the handshake at the new address', () => text.includes('"event":"handshake"'), 60_000)
    expect(endpoint()).toBe('10.77.1.2:51820')
    expect(text).toContain(
      `"event":"endpoint","interface":"${tunnel.device}","peer":"${alpha}","endpoint":"10.77.1.2:51820"`,
    )
    watch.kill()
  })
})
