// SPDX-License-Identifier: MIT
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { schemaFaults } from '../support/json-schema.ts'
import { LiveTunnel } from '../support/live-tunnel.ts'
import { until } from '../support/netns.ts'

const why = whyNoTunnel()
if (why) console.warn(`features/machine-output: skipped: ${why}`)

describe.skipIf(why)('output for machines fits the published schemas', () => {
  let tunnel: LiveTunnel
  beforeAll(async () => {
    tunnel = await LiveTunnel.open()
    tunnel.up()
    tunnel.reaches(2)
  })
  afterAll(() => tunnel?.remove())

  test('show --json, with and without keys; no secret without --show-keys', () => {
    for (const options of [['--json'], ['--json', '--show-keys']]) {
      const { stdout } = tunnel.wgq('show', tunnel.device, ...options)
      expect(schemaFaults('show', JSON.parse(stdout))).toEqual([])
      expect(stdout.includes(tunnel.keys.privateKey)).toBe(options.length === 2)
    }
  })

  test('doctor --json, of a tunnel that works and of one that is not there', () => {
    for (const name of [tunnel.device, 'wg-missing'])
      expect(schemaFaults('doctor', JSON.parse(tunnel.wgq('doctor', '--json', name).stdout))).toEqual([])
  })

  test('diff --json, in sync and not', () => {
    expect(schemaFaults('diff', JSON.parse(tunnel.wgq('diff', '--json', tunnel.configPath).stdout))).toEqual(
      [],
    )
    tunnel.write(
      tunnel
        .defaultConfig()
        .replace('10.60.0.1/24', '10.60.0.9/24, fd60::1/64')
        .replace('ListenPort = 51820', 'MTU = 1300')
        .replace('10.60.0.3/32', '10.61.0.0/16'),
    )
    const { differences } = JSON.parse(tunnel.wgq('diff', '--json', tunnel.configPath).stdout)
    expect(differences.length).toBeGreaterThan(3)
    expect(schemaFaults('diff', { interface: tunnel.device, differences })).toEqual([])
    tunnel.write(tunnel.defaultConfig())
  })

  test('events of watch', async () => {
    const watch = tunnel.ns.start(program('wgq'), ['watch', '--interval', '0.1', tunnel.device])
    let text = ''
    watch.stdout?.setEncoding('utf8').on('data', (more: string) => {
      text += more
    })
    await until('the first event', () => text.includes('\n'))
    tunnel.reaches(3)
    await until('a handshake', () => text.includes('"handshake"'))
    watch.kill()
    for (const line of text.split('\n').slice(0, -1))
      expect(schemaFaults('event', JSON.parse(line))).toEqual([])
  })

  test('lint --json', () => {
    expect(schemaFaults('lint', JSON.parse(tunnel.wgq('lint', '--json', tunnel.configPath).stdout))).toEqual(
      [],
    )
  })
})
