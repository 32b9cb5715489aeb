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

  const outside = () => tunnel.ns.tryRun('ping', ['-c', '1', '-W', '1', '10.77.1.2']).status

  /** What the uplink carries from now on, but encrypted packets and neighbour discovery. */
  const captureOutside = async (): Promise<() => string> => {
    const capture = tunnel.ns.start('tcpdump', [
      '-lnni',
      'up1',
      'not (udp port 51820) and not arp and not icmp6 and not multicast',
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
    return () => seen
  }

  /** The capture is late, but in order: what it shows first is a ping that is sent now. */
  const expectNothingBefore = async (seen: () => string): Promise<void> => {
    const now = '203.0.113.99'
    tunnel.ns.tryRun('ping', ['-c', '1', '-W', '1', now])
    await until('the ping in the capture', () => seen().includes(now))
    expect(seen().split('\n', 1)[0]).toContain(now)
  }

  test('the daemon killed with -9 under traffic: not one packet outside of the tunnel, until down', async () => {
    expect(outside()).toBe(0)
    tunnel.up()
    expect(tunnel.reaches(2)).toBe(true)
    const seen = await captureOutside()
    const flood = tunnel.ns.start('ping', ['-i', '0.01', '203.0.113.1'])
    const pids = tunnel.daemonPids()
    expect(pids).not.toEqual([])
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    await tunnel.untilLink(false)
    expect(outside()).not.toBe(0)
    flood.kill()
    expect(tunnel.wgq('down', tunnel.configPath).status).toBe(0)
    await expectNothingBefore(seen)
    expect(outside()).toBe(0)
    expect(tunnel.ns.run('nft', 'list', 'tables')).toBe('')
  })

  test('packet filters flushed and the link down under traffic: not one packet outside either', async () => {
    tunnel.up()
    const seen = await captureOutside()
    const flood = tunnel.ns.start('ping', ['-i', '0.01', '203.0.113.1'])
    tunnel.ns.run('sh', '-c', `nft flush ruleset; ip link set dev ${tunnel.device} down`)
    expect(tunnel.ns.tryRun('ping', ['-c', '30', '-i', '0.01', '-W', '1', '203.0.113.1']).status).not.toBe(0)
    flood.kill()
    expect(tunnel.wgq('down', tunnel.configPath).status).toBe(0)
    await expectNothingBefore(seen)
    expect(tunnel.ns.run('ip', 'route', 'show', 'table', 'all')).not.toContain('unreachable')
  })

  test('the name wg-quick passes over the directive', () => {
    const done = tunnel.ns.tryRun(program('wg-quick'), ['up', tunnel.configPath])
    expect(done.status, done.stderr).toBe(0)
    expect(tunnel.ns.run('nft', 'list', 'tables')).not.toContain('wgq-kill')
  })
})
