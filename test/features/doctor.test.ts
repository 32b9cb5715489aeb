// SPDX-License-Identifier: MIT
// What `wgq doctor` and `up` say of tunnels that people could not explain.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { long, program, whyNoTunnel } from '../support/implementation.ts'
import { LiveTunnel } from '../support/live-tunnel.ts'
import { until } from '../support/netns.ts'

const why = whyNoTunnel()
if (why) console.warn(`features/doctor: skipped: ${why}`)

describe.skipIf(why)('doctor', () => {
  let tunnel: LiveTunnel
  beforeEach(async () => {
    tunnel = await LiveTunnel.open()
  })
  afterEach(() => tunnel?.remove())
  const doctor = () => tunnel.wgq('doctor', tunnel.device)

  test.each([
    ['packets', false],
    // Keepalives owe no answer: only the initiations do that follow when the session ends, after minutes.
    ...(long ? [['keepalives', true] as const] : []),
  ] as const)(
    'says of a dead peer that nothing came back, asked by %s',
    async (_, byKeepalive) => {
      const keepalive = byKeepalive ? '[Peer]\nPersistentKeepalive = 5' : '[Peer]'
      tunnel.write(tunnel.defaultConfig().replace('[Peer]', keepalive))
      tunnel.up()
      expect(tunnel.reaches(2)).toBe(true)
      const [alpha] = tunnel.peers
      alpha?.ns.run('ip', 'link', 'set', alpha.daemon.device, 'down')
      if (!byKeepalive) expect(tunnel.reaches(2)).toBe(false)
      const asked = /nothing came back|no answer/
      await until('the finding', () => asked.test(doctor().stdout), byKeepalive ? 400_000 : 60_000)
      const { status, stdout } = doctor()
      expect([status, stdout]).toEqual([3, expect.stringMatching(asked)])
      expect(stdout).not.toMatch(/alpha: last handshake|the next packet starts a new one/)
    },
    450_000,
  )

  test('says of an IPv4 endpoint in a network of IPv6 alone what leads there', () => {
    tunnel.up()
    tunnel.ns.run('ip', '-4', 'address', 'flush', 'dev', 'up1')
    tunnel.ns.run('ip', 'address', 'add', '2001:db8:6::2/64', 'dev', 'up1', 'nodad')
    tunnel.ns.run('ip', '-6', 'route', 'add', 'default', 'via', '2001:db8:6::1', 'dev', 'up1')
    tunnel.ns.run('ip', 'link', 'set', 'up2', 'down')
    const { status, stdout } = doctor()
    expect([status, stdout]).toEqual([3, expect.stringContaining('NAT64')])
  })

  test('names a server of a split tunnel that is in no AllowedIPs', () => {
    tunnel.write(tunnel.defaultConfig().replace('[Peer]', 'DNS = 10.99.0.53\n\n[Peer]'))
    const up = tunnel.ns.tryRun(program('wgq'), ['up', tunnel.configPath], {
      env: { WG_QUICK_USERSPACE_IMPLEMENTATION: '' },
    })
    expect(up.status, up.stderr).toBe(0)
    expect(doctor().stdout).toMatch(/10\.99\.0\.53 .*AllowedIPs/)
  })

  test.each(['its old name', 'its new name', 'no name'])(
    'says that an interface was renamed, asked by %s',
    (by) => {
      tunnel.up()
      tunnel.ns.run('ip', 'link', 'set', tunnel.device, 'down')
      tunnel.ns.run('ip', 'link', 'set', tunnel.device, 'name', 'other')
      const asked = { 'its old name': [tunnel.device], 'its new name': ['other'] }[by] ?? []
      const { status, stdout } = tunnel.wgq('doctor', ...asked)
      expect([status, stdout]).toEqual([3, expect.stringContaining(`${tunnel.device} is called other now`)])
      expect(stdout).toContain(`ip link set other name ${tunnel.device}`)
      // Tunnels of other namespaces are reported too.
      const ours = stdout.split(/^(?=\S)/m).filter((text) => /^\S+/.exec(text)?.[0] === tunnel.device)
      expect(ours.join('')).not.toMatch(/brings it up|another namespace/)
    },
  )

  test('up says which rules keep root from /dev/net/tun', () => {
    // A device on a file system that is mounted nodev is refused to root too.
    const hidden = 'mount -t tmpfs -o nodev tmpfs /dev/net; mknod -m 666 /dev/net/tun c 10 200; exec "$@"'
    const up = tunnel.ns.tryRun(
      'unshare',
      ['-m', 'sh', '-euc', hidden, 'sh', program('wgq'), 'up', tunnel.configPath],
      {
        env: { WG_QUICK_USERSPACE_IMPLEMENTATION: '' },
      },
    )
    expect(up.status).not.toBe(0)
    expect(up.stderr).toMatch(/device rules .*nodev/s)
    expect(up.stderr).not.toContain('takes root')
  })
})
