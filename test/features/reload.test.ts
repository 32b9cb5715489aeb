// SPDX-License-Identifier: MIT
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { whyNoTunnel } from '../support/implementation.ts'
import { LiveTunnel } from '../support/live-tunnel.ts'
import { makeTextKeys } from '../support/tunnel.ts'

const why = whyNoTunnel()
if (why) console.warn(`features/reload: skipped: ${why}`)

describe.skipIf(why)('reload of a running tunnel', () => {
  let tunnel: LiveTunnel
  beforeAll(async () => {
    tunnel = await LiveTunnel.open()
    tunnel.up()
  })
  afterAll(() => tunnel?.remove())

  const handshake = (publicKey: string): string =>
    tunnel
      .wgq('show', tunnel.device, 'latest-handshakes')
      .stdout.split('\n')
      .find((line) => line.startsWith(publicKey)) ?? ''

  test('nothing differs right after up', () => {
    expect(tunnel.wgq('diff', tunnel.configPath)).toMatchObject({ status: 0, stdout: '' })
    expect(tunnel.wgq('reload', tunnel.configPath)).toMatchObject({ status: 0, stderr: '' })
  })

  test('changes of one peer cost the other no packet and no handshake; routes and addresses follow', async () => {
    expect(tunnel.reaches(2)).toBe(true)
    const [alpha, beta] = tunnel.peers
    const before = handshake(alpha?.publicKey as string)
    const ping = tunnel.ns.start('ping', ['-i', '0.01', '-c', '300', '-W', '1', '10.60.0.2'])
    let report = ''
    ping.stdout?.setEncoding('utf8').on('data', (text: string) => {
      report += text
    })
    const stranger = makeTextKeys().publicKey
    tunnel.write(
      tunnel
        .defaultConfig()
        .replace('Address = 10.60.0.1/24', 'Address = 10.60.0.1/24, fd60::1/64')
        .replace(
          'AllowedIPs = 10.60.0.3/32',
          'AllowedIPs = 10.60.0.3/32, 10.61.0.0/16\nPersistentKeepalive = 25',
        )
        .concat(`\n[Peer]\nPublicKey = ${stranger}\nAllowedIPs = 10.62.0.1/32\n`),
    )
    expect(tunnel.wgq('reload', '--check', tunnel.configPath).status).toBe(2)
    const diff = tunnel.wgq('diff', tunnel.configPath)
    expect(diff.status).toBe(2)
    expect(diff.stdout).toMatch(
      /^~ peer +beta +allowed ips +10\.60\.0\.3\/32 → 10\.60\.0\.3\/32, 10\.61\.0\.0\/16$/m,
    )
    expect(diff.stdout).not.toContain('alpha')
    const reload = tunnel.wgq('reload', tunnel.configPath)
    expect(reload.status, reload.stderr).toBe(0)
    expect(reload.stderr).not.toContain(alpha?.publicKey)
    await new Promise((resolve) => ping.once('close', resolve))
    expect(report).toMatch(/300 packets transmitted, 300 received, 0% packet loss/)
    expect(handshake(alpha?.publicKey as string)).toBe(before)
    expect(tunnel.ns.run('ip', 'route', 'show', 'dev', tunnel.device)).toMatch(
      /^10\.61\.0\.0\/16 .*\n10\.62\.0\.1 /m,
    )
    expect(tunnel.ns.run('ip', '-6', 'addr', 'show', 'dev', tunnel.device)).toContain('fd60::1/64')
    expect(tunnel.wgq('show', tunnel.device, 'persistent-keepalive').stdout).toContain(
      `${beta?.publicKey}\t25`,
    )
    expect(tunnel.wgq('diff', tunnel.configPath)).toMatchObject({ status: 0, stdout: '' })
  })

  test('what the file no longer says goes; what others added stays', () => {
    tunnel.ns.run('ip', 'route', 'add', '10.99.0.0/16', 'dev', tunnel.device)
    tunnel.write(tunnel.defaultConfig())
    expect(tunnel.wgq('up', tunnel.configPath).status).toBe(0)
    const routes = tunnel.ns.run('ip', 'route', 'show', 'dev', tunnel.device)
    expect(routes).not.toContain('10.61.0.0/16')
    expect(routes).toContain('10.99.0.0/16')
    expect(tunnel.ns.run('ip', '-6', 'addr', 'show', 'dev', tunnel.device)).not.toContain('fd60::1')
    expect(tunnel.wgq('show', tunnel.device, 'peers').stdout.trim().split('\n')).toHaveLength(2)
    expect(tunnel.wgq('diff', tunnel.configPath)).toMatchObject({ status: 0, stdout: '' })
  })

  test('a default route comes and goes with its rules and its mark; a chosen mark is not a difference', () => {
    const rules = tunnel.ns.run('ip', 'rule')
    tunnel.write(tunnel.defaultConfig().replace('AllowedIPs = 10.60.0.2/32', 'AllowedIPs = 0.0.0.0/0'))
    expect(tunnel.wgq('reload', tunnel.configPath).status).toBe(0)
    expect(tunnel.ns.run('ip', 'rule')).toContain('fwmark 0xca6c lookup 51820')
    expect(tunnel.wgq('diff', tunnel.configPath)).toMatchObject({ status: 0, stdout: '' })
    expect(tunnel.reaches(2)).toBe(true)
    tunnel.write(tunnel.defaultConfig())
    expect(tunnel.wgq('reload', tunnel.configPath).status).toBe(0)
    expect(tunnel.ns.run('ip', 'rule')).toBe(rules)
    expect(tunnel.ns.run('nft', 'list', 'tables')).toBe('')
  })

  test('a file with a fault changes nothing', () => {
    const before = tunnel.wgq('show', tunnel.device, 'allowed-ips').stdout
    tunnel.write(`${tunnel.defaultConfig()}AllowedIPs = nonsense\n`)
    const done = tunnel.wgq('reload', tunnel.configPath)
    expect(done.status).toBe(1)
    expect(done.stderr).toContain('nonsense')
    tunnel.write(tunnel.defaultConfig())
    expect(tunnel.wgq('show', tunnel.device, 'allowed-ips').stdout).toBe(before)
  })
})
