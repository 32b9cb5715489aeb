// SPDX-License-Identifier: MIT
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { LiveTunnel } from '../support/live-tunnel.ts'
import { until } from '../support/netns.ts'

const why = whyNoTunnel('nft', 'tcpdump')
if (why) console.warn(`features/kill-switch: skipped: ${why}`)

describe.skipIf(why)('kill switch', () => {
  let tunnel: LiveTunnel
  beforeAll(async () => {
    tunnel = await LiveTunnel.open()
    tunnel.write(
      tunnel
        .defaultConfig()
        .replace('[Peer]', '# KillSwitch = on\n[Peer]')
        .replace('AllowedIPs = 10.60.0.2/32', 'AllowedIPs = 0.0.0.0/0'),
    )
  })
  afterAll(() => tunnel?.remove())

  test('the daemon killed with -9 under traffic: not one packet outside of the tunnel, until down', async () => {
    const outside = () => tunnel.ns.tryRun('ping', ['-c', '1', '-W', '1', '10.77.1.2']).status
    expect(outside()).toBe(0)
    tunnel.up()
    expect(tunnel.reaches(2)).toBe(true)
    // Everything on the uplink but encrypted packets and neighbour discovery.
    const capture = tunnel.ns.start('tcpdump', [
      '-lnni',
      'up1',
      'not (udp port 51820) and not arp and not icmp6',
    ])
    let seen = ''
    let ready = ''
    capture.stdout?.setEncoding('utf8').on('data', (text: string) => {
      seen += text
    })
    capture.stderr?.setEncoding('utf8').on('data', (text: string) => {
      ready += text
    })
    await until('tcpdump to listen', () => ready.includes('listening on'))
    const flood = tunnel.ns.start('ping', ['-i', '0.01', '203.0.113.1'])
    const pids = tunnel.daemonPids()
    expect(pids).not.toEqual([])
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    await tunnel.untilLink(false)
    expect(outside()).not.toBe(0)
    flood.kill()
    expect(tunnel.wgq('down', tunnel.configPath).status).toBe(0)
    expect(seen).toBe('')
    expect(outside()).toBe(0)
    expect(tunnel.ns.run('nft', 'list', 'tables')).toBe('')
    // The capture does see packets: the ping after down.
    await until('the ping in the capture', () => seen.includes('10.77.1.2'))
  })

  test('the name wg-quick passes over the directive', () => {
    const done = tunnel.ns.tryRun(program('wg-quick'), ['up', tunnel.configPath])
    expect(done.status, done.stderr).toBe(0)
    expect(tunnel.ns.run('nft', 'list', 'tables')).not.toContain('wgq-kill')
  })
})
