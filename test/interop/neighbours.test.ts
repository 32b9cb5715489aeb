// SPDX-License-Identifier: MIT
// Real programs that take rules, routes, addresses or packet filters from a full tunnel: `wgq run` puts them back.
import { type ChildProcess, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { LiveTunnel } from '../support/live-tunnel.ts'
import { Neighbour, unpackedFirewalld, unpackedNetworkManager } from '../support/neighbour.ts'
import { until } from '../support/netns.ts'

const has = (name: string) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0
const overlays = () =>
  spawnSync('unshare', ['-m', 'mount', '-t', 'overlay', 'overlay', '-o', 'lowerdir=/usr:/etc', '/mnt'])
    .status === 0
const missing = (...names: string[]): string | undefined =>
  names.filter((name) => !has(name)).map((name) => `${name} is missing`)[0]
const why = whyNoTunnel('nft', 'dbus-daemon')
const none = why ?? (overlays() ? undefined : 'no overlay file systems')
const networkManager = none === undefined ? unpackedNetworkManager() : { root: '', why: none }
const firewalld = none === undefined ? unpackedFirewalld() : { root: '', why: none }
const networkd = '/lib/systemd/systemd-networkd'
const whyNot = {
  networkd: none ?? missing(networkd, 'dbus-send'),
  networkManager: networkManager.why,
  firewalld: firewalld.why ?? missing('/usr/bin/python3'),
}
if (why) console.warn(`interop/neighbours: skipped: ${why}`)
else
  for (const [name, reason] of Object.entries(whyNot))
    if (reason) console.warn(`interop/neighbours: ${name}: skipped: ${reason}`)

describe.skipIf(why)('a full tunnel that is followed, beside', () => {
  let tunnel: LiveTunnel
  let follower: ChildProcess
  let folder: string
  let log = ''
  const inSync = () => tunnel.wgq('diff', tunnel.configPath).status === 0
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'wgq-neighbours-'))
    log = ''
    tunnel = await LiveTunnel.open()
    tunnel.write(
      tunnel
        .defaultConfig()
        .replace('[Interface]', '[Interface]\n# KillSwitch = on')
        .replace('10.60.0.1/24', '10.60.0.1/24, fd60::1/64')
        .replace(/AllowedIPs = .*/, 'AllowedIPs = 0.0.0.0/0, ::/0'),
    )
    follower = tunnel.ns.start(program('wgq'), ['run', tunnel.configPath], {
      WG_QUICK_USERSPACE_IMPLEMENTATION: '',
    })
    follower.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text
    })
    let found = ''
    const isUp = () => {
      const { status, stdout, stderr } = tunnel.wgq('diff', tunnel.configPath)
      found = `${status} ${stdout}${stderr}`
      return status === 0
    }
    await until('the tunnel', isUp, 60_000).catch((error) => {
      throw new Error(`${error.message}: ${found}\n${log}`)
    })
  })
  afterEach(async () => {
    follower?.kill('SIGTERM')
    await until('the end', () => follower?.exitCode !== null, 20_000).catch(() => follower?.kill('SIGKILL'))
    tunnel?.remove()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Waits until what was taken is back, and says in one line of the log what that was. */
  const putBack = async (before: number, what: RegExp): Promise<void> => {
    await until(`the repair: ${log}`, () => what.test(log.slice(before)) && inSync(), 60_000)
    expect(log.slice(before)).toMatch(what)
    expect(tunnel.reaches(2)).toBe(true)
  }

  test.skipIf(whyNot.networkManager)(
    'NetworkManager: networking off and on takes addresses and routes',
    async () => {
      writeFileSync(
        join(folder, 'NetworkManager.conf'),
        '[main]\nplugins=keyfile\ndns=none\nauth-polkit=false\n[keyfile]\nunmanaged-devices=interface-name:up*\n',
      )
      const neighbour = await Neighbour.start(tunnel.ns, networkManager.root)
      await neighbour.run(
        `mkdir -p /run/NM /run/NM-var && mount --bind /run/NM-var /var/lib/NetworkManager 2>/dev/null; cp ${folder}/NetworkManager.conf /etc/NetworkManager/; export LD_LIBRARY_PATH=${networkManager.root}/usr/lib/x86_64-linux-gnu:${networkManager.root}/lib/x86_64-linux-gnu`,
      )
      await neighbour.run('NetworkManager -n >/run/said 2>&1 &')
      await neighbour.succeeds(`nmcli -t -f DEVICE,STATE device | grep -q '^${tunnel.device}:connected'`)
      const before = log.length
      await neighbour.succeeds('nmcli networking off')
      await neighbour.succeeds('nmcli networking on')
      await putBack(before, /(?:address|route) .*is missing.*: put right/)
    },
    200_000,
  )

  test.skipIf(whyNot.networkd)(
    'systemd-networkd: a link that it configures anew takes rules and routes of others unless its drop-in forbids it',
    async () => {
      for (const part of ['etc', 'usr']) mkdirSync(join(folder, part))
      const neighbour = await Neighbour.start(tunnel.ns, folder)
      tunnel.ns.run('ip', 'link', 'add', 'lan0', 'type', 'veth', 'peer', 'name', 'lan1')
      tunnel.ns.run('ip', 'link', 'set', 'lan1', 'up')
      const index = tunnel.ns.run('cat', '/sys/class/net/lan0/ifindex').trim()
      await neighbour.run(`mkdir -p /run/systemd/netif /etc/systemd/network /etc/systemd/networkd.conf.d
chown -R systemd-network /run/systemd/netif
printf '[Match]\\nName=lan0\\n[Network]\\nAddress=10.78.0.1/24\\nLinkLocalAddressing=no\\n' >/etc/systemd/network/lan0.network`)
      const start = async () => {
        await neighbour.run(`${networkd} >>/run/said 2>&1 & networkd=$!`)
        await isConfigured()
      }
      const isConfigured = () =>
        neighbour.succeeds(
          `grep -q ADMIN_STATE=configured /run/systemd/netif/links/${index} || { tail -3 /run/said; false; }`,
        )
      const configureAnew = async () => {
        await neighbour.succeeds(
          `rm -f /run/systemd/netif/links/${index}; dbus-send --system --print-reply --dest=org.freedesktop.network1 /org/freedesktop/network1 org.freedesktop.network1.Manager.ReconfigureLink int32:${index}`,
        )
        await isConfigured()
      }
      await start()
      await until('the tunnel to be in sync', inSync, 60_000)
      const before = log.length
      await configureAnew()
      await putBack(before, /(?:rule|route) .*is missing.*: put right/)

      await neighbour.run(
        "kill $networkd; wait $networkd; printf '[Network]\\nManageForeignRoutingPolicyRules=no\\nManageForeignRoutes=no\\n' >/etc/systemd/networkd.conf.d/wireguard.conf",
      )
      await start()
      await until('the tunnel to be in sync', inSync, 60_000)
      const told = log.length
      const rules = tunnel.ns.run('ip', 'rule')
      await configureAnew()
      expect(tunnel.ns.run('ip', 'rule')).toBe(rules)
      expect(log.slice(told)).toBe('')
    },
    200_000,
  )

  test.skipIf(whyNot.firewalld)(
    'firewalld: start and reload leave the tunnel as its file says',
    async () => {
      const neighbour = await Neighbour.start(tunnel.ns, firewalld.root)
      await neighbour.run(
        'PYTHONPATH=/usr/lib/python3/dist-packages /usr/bin/python3 /usr/sbin/firewalld --nofork --nopid >/run/said 2>&1 &',
      )
      await neighbour.succeeds(
        'PYTHONPATH=/usr/lib/python3/dist-packages /usr/bin/python3 /usr/bin/firewall-cmd --state >/dev/null 2>&1 || { cat /run/said; false; }',
      )
      expect(tunnel.ns.run('nft', 'list', 'tables')).toContain('firewalld')
      await neighbour.succeeds(
        'PYTHONPATH=/usr/lib/python3/dist-packages /usr/bin/python3 /usr/bin/firewall-cmd --complete-reload',
      )
      await until('the tunnel to be in sync', inSync, 60_000)
      expect(tunnel.reaches(2)).toBe(true)
      expect(tunnel.ns.run('nft', 'list', 'tables')).toContain(`wgq-kill-${tunnel.device}`)
    },
    200_000,
  )

  test("Debian's /etc/nftables.conf: loading it takes every table", async () => {
    const path = join(folder, 'nftables.conf')
    writeFileSync(
      path,
      '#!/usr/sbin/nft -f\n\nflush ruleset\n\ntable inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter;\n\t}\n}\n',
    )
    const before = log.length
    tunnel.ns.run('nft', '-f', path)
    await putBack(before, /: put right/)
    expect(tunnel.ns.run('nft', 'list', 'tables')).toMatch(
      /inet filter[\s\S]*wgq-kill-|wgq-kill-[\s\S]*inet filter/,
    )
  }, 200_000)
})
