// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { LiveTunnel } from '../support/live-tunnel.ts'
import { onTerminal } from '../support/terminal.ts'

const why =
  whyNoTunnel() ??
  (spawnSync('script', ['--version']).error ? 'not installed: script (util-linux)' : undefined)
if (why) console.warn(`features/terminal: skipped: ${why}`)

const escapeCharacter = String.fromCharCode(27)
const colours = new RegExp(`${escapeCharacter}\\[[0-9;]*m`)
const sizes = [
  { columns: 80, rows: 24 },
  { columns: 200, rows: 50 },
]

describe.skipIf(why)('on a terminal', () => {
  let tunnel: LiveTunnel
  beforeAll(async () => {
    tunnel = await LiveTunnel.open()
    tunnel.up()
    tunnel.reaches(2)
    tunnel.write(
      tunnel.defaultConfig().replace('AllowedIPs = 10.60.0.3/32', 'AllowedIPs = 10.60.0.3/32, 10.61.0.0/16'),
    )
  })
  afterAll(() => tunnel?.remove())

  const verbs: Record<string, () => string[]> = {
    show: () => ['show', tunnel.device],
    diff: () => ['diff', tunnel.configPath],
    doctor: () => ['doctor', tunnel.device],
  }

  for (const [verb, args] of Object.entries(verbs))
    for (const size of sizes)
      test(`${verb} at ${size.columns} columns: colour on a terminal, the same text without under NO_COLOR and WG_COLOR_MODE=never`, async () => {
        const command = [program('wgq'), ...args()]
        const light = await onTerminal(tunnel.ns, command, size)
        const never = await onTerminal(tunnel.ns, command, size, { env: { WG_COLOR_MODE: 'never' } })
        expect(light.raw).toMatch(colours)
        expect(never.raw).not.toMatch(colours)
        // Seconds may pass between two looks.
        const timeless = (lines: readonly string[]) =>
          lines.map((line) => line.replace(/\d+ seconds?( ago)?|\d+ s ago|Now/g, 'T'))
        expect(timeless(light.lines)).toEqual(timeless(never.lines))
        expect(never.lines.length).toBeGreaterThan(1)
        // wg's own output knows WG_COLOR_MODE alone (spec wg §9).
        if (verb !== 'show')
          expect((await onTerminal(tunnel.ns, command, size, { env: { NO_COLOR: '1' } })).raw).not.toMatch(
            colours,
          )
      })

  test('success has words, errors are as wide as the terminal', async () => {
    const size = { columns: 60, rows: 24 }
    const done = await onTerminal(tunnel.ns, [program('wgq'), 'reload', tunnel.configPath], size)
    expect(done.lines.at(-1)).toBe(`${tunnel.device} is as its file says`)
    tunnel.write(tunnel.defaultConfig())
    tunnel.wgq('reload', tunnel.configPath)
    const failed = await onTerminal(tunnel.ns, [program('wgq'), 'up', './no-such-file.conf'], size)
    expect(failed.lines.length).toBeGreaterThan(2)
    for (const line of failed.lines) expect(line.length).toBeLessThanOrEqual(60)
    tunnel.write(
      tunnel.defaultConfig().replace('AllowedIPs = 10.60.0.3/32', 'AllowedIPs = 10.60.0.3/32, 10.61.0.0/16'),
    )
  })

  for (const size of sizes)
    test(`top at ${size.columns} columns fits, shows names and leaves the terminal as it was`, async () => {
      const { raw, lines } = await onTerminal(
        tunnel.ns,
        [program('wgq'), 'top', '--interval', '0.2', tunnel.device],
        size,
        { keys: 'q', typeAfterMs: 2500 },
      )
      expect(raw.startsWith(`${escapeCharacter}[?1049h${escapeCharacter}[?25l`)).toBe(true)
      expect(raw).toContain(`${escapeCharacter}[?25h${escapeCharacter}[?1049l`)
      expect(lines[0]).toBe('wgq top  1 interface, 2 peers')
      expect(lines.some((line) => line.startsWith('alpha'))).toBe(true)
      expect(lines.some((line) => line.includes('10.77.1.2:51820'))).toBe(size.columns === 200)
      for (const line of lines) expect([...line].length).toBeLessThanOrEqual(size.columns)
    })

  test('wait shows how long it has waited, and takes the line away', async () => {
    const { raw } = await onTerminal(
      tunnel.ns,
      [program('wgq'), 'wait', 'wg-missing', '--timeout', '1.8'],
      sizes[0] as { columns: number; rows: number },
    )
    expect(raw).toContain('wg-missing: waiting for the interface, 1 s')
    expect(raw).toContain(`\r${escapeCharacter}[K`)
    expect(tunnel.wgq('wait', 'wg-missing', '--timeout', '1.8').stderr).not.toContain('waiting')
  })

  test('top refuses what is not a terminal', () => {
    expect(tunnel.wgq('top')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('top needs a terminal'),
    })
  })
})
