// SPDX-License-Identifier: MIT
// A machine that has nft, and a kernel that has no nf_tables: iptables of the old kind is what works.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { LiveTunnel } from '../support/live-tunnel.ts'

const why = whyNoTunnel('nft', 'iptables-restore', 'iptables-legacy-restore')
if (why) console.warn(`features/without-nf-tables: skipped: ${why}`)

describe.skipIf(why)('a kernel without nf_tables', () => {
  let tunnel: LiveTunnel
  let folder: string
  beforeAll(async () => {
    tunnel = await LiveTunnel.open()
    folder = mkdtempSync(join(tmpdir(), 'wgq-no-nf-tables-'))
    const nft =
      '#!/bin/sh\necho "netlink: Error: cache initialization failed: Protocol not supported" >&2\nexit 1\n'
    writeFileSync(join(folder, 'nft'), nft, { mode: 0o755 })
    mkdirSync(join(folder, 'broken'))
    writeFileSync(join(folder, 'broken/ip6tables-restore'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
  })
  afterAll(() => {
    tunnel?.remove()
    if (folder) rmSync(folder, { recursive: true })
  })
  /** nft fails, and iptables is the program of the old kind. */
  const script = `mount --bind "$0/nft" "$(command -v nft)"
mount --bind "$(readlink -f "$(command -v iptables-legacy-restore)")" "$(readlink -f "$(command -v iptables-restore)")"
exec "$@"`
  const there = (...args: string[]) =>
    tunnel.ns.tryRun('unshare', ['-m', 'sh', '-euc', script, folder, ...args], {
      env: { WG_QUICK_USERSPACE_IMPLEMENTATION: '' },
    })
  const wgq = (...args: string[]) => there(program('wgq'), ...args)
  const rules = () => there('iptables-save').stdout

  test.each([
    ['with', '# KillSwitch = on\n'],
    ['without', ''],
  ])('a full tunnel %s a kill switch has its rules in iptables, and takes them away', (_, line) => {
    tunnel.write(
      tunnel
        .defaultConfig()
        .replace('[Interface]\n', `[Interface]\n${line}`)
        .replace('10.60.0.2/32', '0.0.0.0/0'),
    )
    const up = wgq('up', tunnel.configPath)
    expect(up.status, up.stderr).toBe(0)
    expect(up.stderr).not.toMatch(/without a firewall|Protocol not supported/)
    expect(rules()).toContain(tunnel.device)
    expect(tunnel.reaches(2)).toBe(true)
    expect(wgq('diff', tunnel.configPath).status).toBe(0)
    const flushed = ['raw', 'mangle', 'filter'].map(
      (table) => `iptables -t ${table} -F; iptables -t ${table} -X`,
    )
    there('sh', '-c', flushed.join('; '))
    expect(wgq('diff', tunnel.configPath).status).toBe(2)
    expect(wgq('reload', tunnel.configPath).status).toBe(0)
    expect(rules()).toContain(tunnel.device)
    expect(wgq('down', tunnel.configPath).status).toBe(0)
    expect(rules()).not.toContain(tunnel.device)
  })
  test('a kill switch whose IPv6 part fails goes with the up that fails', () => {
    tunnel.write(tunnel.defaultConfig().replace('[Interface]\n', '[Interface]\n# KillSwitch = on\n'))
    const path = `PATH=${join(folder, 'broken')}:${process.env['PATH']}`
    const up = there('env', path, program('wgq'), 'up', tunnel.configPath)
    expect(up.status, up.stderr).toBe(1)
    expect(up.stderr).toContain('everything is as it was before')
    expect(rules()).not.toContain('wgq-')
    const down = wgq('down', tunnel.configPath)
    expect(down.stderr).toContain('is not a WireGuard interface')
  })
})
