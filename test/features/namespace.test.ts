// SPDX-License-Identifier: MIT
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { livingNamespaces } from '../../packages/quick/src/run/living-namespaces.ts'
import { whyNoTunnel } from '../support/implementation.ts'
import { LiveTunnel } from '../support/live-tunnel.ts'
import { connect, Namespace, until } from '../support/netns.ts'

const why = whyNoTunnel('nft')
if (why) console.warn(`features/namespace: skipped: ${why}`)

describe.skipIf(why)('a tunnel in a network namespace of its own', () => {
  let tunnel: LiveTunnel
  let inner: Namespace
  beforeAll(async () => {
    tunnel = await LiveTunnel.open()
    inner = new Namespace('live-in')
    // Another way out of the namespace, which a kill switch has to close.
    connect(
      { ns: tunnel.ns, dev: 'side0', addresses: ['10.78.0.1/24'] },
      { ns: inner, dev: 'side1', addresses: ['10.78.0.2/24'] },
    )
  })
  afterAll(() => {
    tunnel?.remove()
    inner?.remove()
  })
  const config = () => tunnel.defaultConfig().replace('10.60.0.2/32', '0.0.0.0/0')
  const pings = (ns: Namespace, address: string) =>
    ns.tryRun('ping', ['-c', '1', '-W', '1', address]).status === 0
  const journals = () => readdirSync('/run/wgq').filter((file) => file.startsWith(tunnel.device))

  test('its kill switch closes the namespace and nothing else, and goes with it', () => {
    tunnel.write(config().replace('PrivateKey', '# KillSwitch = on\nPrivateKey'))
    tunnel.up('--netns', inner.name)
    expect(pings(inner, '10.60.0.2')).toBe(true)
    expect(pings(inner, '10.78.0.1')).toBe(false)
    expect(pings(tunnel.ns, '10.77.1.2')).toBe(true)
    expect(tunnel.ns.run('nft', 'list', 'tables')).toBe('')
    const down = tunnel.wgq('down', tunnel.configPath)
    expect(down.status, down.stderr).toBe(0)
    expect(inner.run('nft', 'list', 'tables')).toBe('')
    expect(pings(inner, '10.78.0.1')).toBe(true)
    expect(pings(tunnel.ns, '10.77.1.2')).toBe(true)
    expect(journals()).toEqual([])
  })

  test('its kill switch stays when the data plane crashes, and the next up goes on from there', () => {
    tunnel.write(config().replace('PrivateKey', '# KillSwitch = on\nPrivateKey'))
    tunnel.up('--netns', inner.name)
    for (const pid of tunnel.daemonPids()) process.kill(pid, 'SIGKILL')
    expect(pings(inner, '10.78.0.1')).toBe(false)
    tunnel.up('--netns', inner.name)
    expect(pings(inner, '10.60.0.2')).toBe(true)
    expect(pings(inner, '10.78.0.1')).toBe(false)
    for (const pid of tunnel.daemonPids()) process.kill(pid, 'SIGKILL')
    expect(tunnel.wgq('down', tunnel.configPath).status).toBe(0)
    expect(inner.run('nft', 'list', 'tables')).toBe('')
    expect(journals()).toEqual([])
  })

  test('up again, diff and reload bring it in line where it is', () => {
    tunnel.write(config())
    tunnel.up('--netns', inner.name)
    expect(tunnel.wgq('diff', tunnel.configPath)).toMatchObject({ status: 0, stdout: '' })
    expect(pings(inner, '10.60.0.2')).toBe(true)
    const doctor = tunnel.wgq('doctor', tunnel.device)
    expect(doctor.status, doctor.stdout).toBe(0)
    expect(doctor.stdout).toContain(`✓ ${tunnel.device} is up`)
    const again = tunnel.wgq('up', '--netns', inner.name, tunnel.configPath)
    expect(again).toMatchObject({ status: 0, stderr: '' })
    tunnel.write(
      config().replace('10.60.0.3/32', '10.60.0.3/32, 10.61.0.0/16').replace('0.0.0.0/0', '10.60.0.2/32'),
    )
    const diff = tunnel.wgq('diff', tunnel.configPath)
    expect(diff.status, diff.stderr).toBe(2)
    expect(diff.stdout).toMatch(/^\+ route +10\.61\.0\.0\/16 +table main$/m)
    expect(diff.stdout).toMatch(/^- route +0\.0\.0\.0\/0 +table main$/m)
    const reload = tunnel.wgq('reload', tunnel.configPath)
    expect(reload.status, reload.stderr).toBe(0)
    const routes = inner.run('ip', 'route')
    expect(routes).toContain(`10.61.0.0/16 dev ${tunnel.device}`)
    expect(routes).not.toContain('default')
    expect(pings(inner, '10.60.0.2')).toBe(true)
    expect(tunnel.ns.run('ip', 'rule')).not.toContain('518')
  })

  test('the sysctls of its namespace count, and none outside changes', () => {
    tunnel.wgq('down', tunnel.configPath)
    const forwarding = (ns: Namespace) => ns.run('sysctl', '-n', 'net.ipv4.ip_forward').trim()
    const before = [forwarding(inner), forwarding(tunnel.ns)]
    const ipv6 = (value: number) => inner.run('sysctl', '-qw', `net.ipv6.conf.default.disable_ipv6=${value}`)
    inner.run('sysctl', '-qw', 'net.ipv4.ip_forward=0')
    ipv6(1)
    try {
      tunnel.write(
        config()
          .replace('PrivateKey', '# Masquerade = auto\nPrivateKey')
          .replace('10.60.0.1/24', '10.60.0.1/24, fd60::1/64')
          .replace('0.0.0.0/0', '0.0.0.0/0, ::/0'),
      )
      const up = tunnel.wgq('up', '--netns', inner.name, tunnel.configPath)
      expect(up.status, up.stderr).toBe(0)
      expect(up.stderr).toContain(`IPv6 is switched off for ${tunnel.device}: left out 1 address`)
      expect([forwarding(inner), forwarding(tunnel.ns)]).toEqual(['1', before[1]])
      expect(tunnel.wgq('diff', tunnel.configPath)).toMatchObject({ status: 0, stdout: '' })
      expect(tunnel.wgq('down', tunnel.configPath).status).toBe(0)
      expect([forwarding(inner), forwarding(tunnel.ns)]).toEqual(['0', before[1]])
    } finally {
      ipv6(0)
      tunnel.write(config())
      tunnel.up('--netns', inner.name)
    }
  })

  test('a namespace that is gone is named, and down cleans up', () => {
    const other = new Namespace('live-gone')
    tunnel.wgq('down', tunnel.configPath)
    try {
      tunnel.up('--netns', other.name)
    } finally {
      other.remove()
    }
    const diff = tunnel.wgq('diff', tunnel.configPath)
    expect([diff.status, diff.stderr]).toEqual([
      1,
      expect.stringContaining(`The network namespace \`${other.name}' of ${tunnel.device} is gone`),
    ])
    expect(tunnel.wgq('down', tunnel.configPath).status).toBe(0)
    expect(journals()).toEqual([])
    tunnel.up('--netns', inner.name)
  })

  test('up for another place is refused and leaves it alone', () => {
    const other = new Namespace('live-other')
    try {
      const elsewhere = tunnel.wgq('up', '--netns', other.name, tunnel.configPath)
      expect(elsewhere.status).toBe(1)
      expect(elsewhere.stderr).toContain(`\`${tunnel.device}' already exists`)
      expect(pings(inner, '10.60.0.2')).toBe(true)
      expect(tunnel.wgq('down', tunnel.configPath).status).toBe(0)
    } finally {
      other.remove()
    }
  })
})

describe.skipIf(why)('an interface that was moved by hand', () => {
  test('is named by diff and reload, which leave it alone; down ends it', async () => {
    const tunnel = await LiveTunnel.open()
    const other = new Namespace('live-moved')
    try {
      tunnel.up()
      tunnel.ns.run('ip', 'link', 'set', tunnel.device, 'netns', other.name)
      for (const verb of ['diff', 'reload'])
        expect(tunnel.wgq(verb, tunnel.configPath)).toMatchObject({
          status: 1,
          stderr: expect.stringContaining(`${tunnel.device} has no interface in this network namespace`),
        })
      expect(other.run('ip', 'link', 'show', tunnel.device)).toContain(tunnel.device)
      expect(tunnel.wgq('down', tunnel.configPath)).toMatchObject({ status: 0 })
      expect(other.tryRun('ip', ['link', 'show', tunnel.device]).status).toBe(1)
      expect(existsSync(`/run/wgq/${tunnel.device}.json`)).toBe(false)
    } finally {
      tunnel.remove()
      other.remove()
    }
  })
})

const hidden = why ?? (livingNamespaces() ? undefined : 'not every process of this machine can be seen')
if (hidden) console.warn(`features/namespace: a part is skipped: ${hidden}`)

describe.skipIf(hidden)('a namespace that was deleted with its tunnel', () => {
  test('its journal goes with the next up, those of living namespaces stay', async () => {
    const tunnel = await LiveTunnel.open()
    const doomed = await LiveTunnel.open()
    try {
      doomed.up()
      const journal = `/run/wgq/${doomed.device}.json`
      tunnel.up()
      expect(existsSync(journal)).toBe(true)
      tunnel.wgq('down', tunnel.configPath)
      const pids = doomed.daemonPids()
      doomed.ns.remove()
      await until('the namespace to go', () => pids.every((pid) => !existsSync(`/proc/${pid}`)))
      tunnel.up()
      expect(existsSync(journal)).toBe(false)
      expect(existsSync(`/run/wgq/${tunnel.device}.json`)).toBe(true)
    } finally {
      rmSync(`/run/wgq/${doomed.device}.json`, { force: true })
      tunnel.remove()
      doomed.remove()
    }
  })
})
