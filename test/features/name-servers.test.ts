// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'
import { until } from '../support/netns.ts'
import { SystemRoot, whyNoSystemRoot } from '../support/system-root.ts'

// The real managers of name servers, unpacked into a copy of the system; nothing is installed.
const why = whyNoSystemRoot() ?? whyNotBuilt()
if (why) console.warn(`features/name-servers: skipped: ${why}`)

const key = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='
const peer = 'Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k='
const program = join(builtBin, 'wgq')

/** Unpacks a package of Debian into a folder, without its scripts; undefined where it cannot be fetched. */
const unpack = (name: string): string | undefined => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-deb-'))
  spawnSync('apt-get', ['-qq', 'download', name], { cwd: folder })
  const file = readdirSync(folder).find((entry) => entry.endsWith('.deb'))
  if (file === undefined) return undefined
  const root = join(folder, 'root')
  mkdirSync(root)
  return spawnSync('dpkg', ['-x', join(folder, file), root]).status === 0 ? root : undefined
}

describe.skipIf(why)('name servers', () => {
  const packages = new Map<string, string>()
  beforeAll(() => {
    for (const name of ['openresolv', 'resolvconf', 'isc-dhcp-client', 'dhcpcd-base']) {
      const folder = unpack(name)
      if (folder === undefined) console.warn(`features/name-servers: ${name} cannot be fetched`)
      else packages.set(name, folder)
    }
  }, 120_000)
  afterAll(() => {
    for (const folder of packages.values()) rmSync(join(folder, '..'), { recursive: true, force: true })
  })

  let root: SystemRoot
  beforeEach(async () => {
    root = await SystemRoot.open('with the checkout')
  })
  afterEach(() => root?.remove())

  const install = (name: string): boolean => {
    const folder = packages.get(name)
    if (folder === undefined) return false
    // /sbin and /lib are links on a merged system: they stay.
    const packed = spawnSync('tar', ['-C', folder, '-cf', '-', '.'], { maxBuffer: 1 << 26 }).stdout
    const into = spawnSync('tar', ['-C', root.outside('/'), '--keep-directory-symlink', '-xf', '-'], {
      input: packed,
    })
    expect(into.status, `${into.stderr}`).toBe(0)
    return true
  }

  const write = (dns: string, allowedIps = '10.5.0.0/16'): void => {
    root.run(`umask 077; mkdir -p /etc/wireguard; cat > /etc/wireguard/wq0.conf <<'END'
[Interface]
PrivateKey = ${key}
Address = 10.9.0.2/24
DNS = ${dns}
[Peer]
PublicKey = ${peer}
AllowedIPs = ${allowedIps}
Endpoint = 127.0.0.1:5
END`)
  }
  const wgq = (...words: string[]) => root.tryRun(`exec ${program} ${words.join(' ')}`)
  const resolver = (): string[] =>
    root
      .run('cat /etc/resolv.conf')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))

  test('openresolv: they are set and removed, and a foreign resolv.conf is reported', () => {
    if (!install('openresolv')) return
    root.run('printf "nameserver 192.0.2.1\\n" | resolvconf -a eth0; resolvconf -u')
    write('10.9.0.1, corp.example')
    const up = wgq('up', 'wq0')
    expect(up.status, up.stderr).toBe(0)
    expect(resolver()).toEqual(['search corp.example', 'nameserver 10.9.0.1'])
    expect(wgq('diff', 'wq0').status).toBe(0)
    expect(wgq('down', 'wq0').status).toBe(0)
    expect(resolver()).toEqual(['nameserver 192.0.2.1'])
  })

  test('openresolv: names of one domain need a local resolver, and are private then', () => {
    if (!install('openresolv')) return
    root.run('printf "nameserver 192.0.2.1\\n" | resolvconf -a eth0; resolvconf -u')
    write('10.9.0.1, ~corp.example')
    const without = wgq('up', 'wq0')
    expect(without.status, without.stderr).toBe(0)
    expect(without.stderr).toContain('[!] Going on without the name servers of wq0: openresolv sends a part')
    expect(root.run('resolvconf -l')).not.toContain('10.9.0.1')
    expect(wgq('down', 'wq0').status).toBe(0)
    root.run(
      'printf "name_servers=127.0.0.1\\ndnsmasq_conf=/run/zones\\ndnsmasq_resolv=/run/others\\n" >> /etc/resolvconf.conf; resolvconf -u',
    )
    const up = wgq('up', 'wq0')
    expect(up.status, up.stderr).toBe(0)
    expect(root.run('cat /run/zones')).toContain('server=/corp.example/10.9.0.1')
    expect(root.run('cat /run/others')).not.toContain('10.9.0.1')
    expect(resolver()).toContain('nameserver 127.0.0.1')
    expect(wgq('down', 'wq0').status).toBe(0)
    expect(root.run('cat /run/zones /run/others')).not.toContain('10.9.0.1')
  })

  test("Debian's resolvconf: without updates one line says what to do; with them names go to the servers", () => {
    if (!install('resolvconf')) return
    write('10.9.0.1')
    const silent = wgq('up', 'wq0')
    expect(silent.status, silent.stderr).toBe(0)
    expect(silent.stderr).toContain('`resolvconf --enable-updates` switches it on')
    root.run('resolvconf --enable-updates')
    expect(wgq('down', 'wq0').status).toBe(0)
    const unread = wgq('up', 'wq0')
    expect(unread.stderr).toContain('`ln -sf /run/resolvconf/resolv.conf /etc/resolv.conf` makes it read')
    expect(wgq('down', 'wq0').status).toBe(0)
    root.run('ln -sf /run/resolvconf/resolv.conf /etc/resolv.conf')
    const up = wgq('up', 'wq0')
    expect(up.stderr).not.toContain('[!] Names')
    expect(resolver()).toEqual(['nameserver 10.9.0.1'])
    expect(wgq('down', 'wq0').status).toBe(0)
    expect(root.run('ls /run/resolvconf/interface')).toBe('')
  })

  test("Debian's resolvconf and the plain file: names of one domain alone are refused with the reason", () => {
    write('10.9.0.1, ~corp.example')
    const before = root.run('cat /etc/resolv.conf')
    const plain = wgq('up', 'wq0')
    expect(plain.status).toBe(0)
    expect(plain.stderr).toContain(
      '~corp.example needs systemd-resolved or openresolv: /etc/resolv.conf sends',
    )
    expect(root.run('cat /etc/resolv.conf')).toBe(before)
    expect(wgq('down', 'wq0').status).toBe(0)
    if (!install('resolvconf')) return
    expect(wgq('up', 'wq0').stderr).toContain("Debian's resolvconf sends all names to the same servers")
    expect(wgq('down', 'wq0').status).toBe(0)
  })

  test('a resolvconf that fails after it took the record leaves none', () => {
    if (!install('openresolv')) return
    root.run(`mv /sbin/resolvconf /sbin/resolvconf.real; cat > /sbin/resolvconf <<'END'
#!/bin/sh
# openresolv
/sbin/resolvconf.real "$@" || exit
[ "$1" != -a ] || { echo "signature mismatch" >&2; exit 1; }
END
chmod 755 /sbin/resolvconf`)
    write('10.9.0.1', '0.0.0.0/0')
    const up = wgq('up', 'wq0')
    expect(up.status).toBe(1)
    expect(up.stderr).toContain('failed with status 1; `resolvconf -u` writes it anew')
    expect(root.run('resolvconf.real -l || true')).not.toContain('10.9.0.1')
  })

  /** What a DHCP client of Debian does to /etc/resolv.conf when it gets a lease with this name server. */
  const leases = {
    'isc-dhcp-client': (server: string) =>
      `interface=lo reason=BOUND new_ip_address=192.0.2.9 new_subnet_mask=255.255.255.0 new_domain_name_servers=${server} sh /sbin/dhclient-script`,
    'dhcpcd-base': (server: string) =>
      `interface=lo reason=BOUND if_up=true protocol=dhcp new_ip_address=192.0.2.9 new_domain_name_servers=${server} sh /lib/dhcpcd/dhcpcd-run-hooks`,
  }
  test.each(Object.entries(leases))(
    '%s writes the file again: the follower puts them back, and the new original returns with down',
    async (name, lease) => {
      if (!install(name)) return
      root.run(
        'ln -sf ../usr/lib/dhcpcd /lib/dhcpcd 2>/dev/null; echo nameserver 192.0.2.1 > /etc/resolv.conf',
      )
      write('10.9.0.1')
      root.run(`${program} run wq0 > /tmp/said 2>&1 &`)
      await until('the tunnel', () => wgq('diff', 'wq0').status === 0, 60_000)
      expect(resolver()).toEqual(['nameserver 10.9.0.1'])
      root.run(lease('192.0.2.53'))
      await until(
        'the repair',
        () => resolver().join() === 'nameserver 10.9.0.1' && wgq('diff', 'wq0').status === 0,
        60_000,
      )
      expect(root.run('cat /tmp/said')).toMatch(/^wgq: wq0: dns .*: put right$/m)
      expect(wgq('down', 'wq0').status).toBe(0)
      expect(resolver()).toEqual(['nameserver 192.0.2.53'])
    },
  )

  test('only what is done is printed: nothing by a reload in sync, nothing of a file that somebody wrote since', () => {
    root.run('echo nameserver 192.0.2.1 > /etc/resolv.conf')
    write('10.9.0.1')
    expect(wgq('up', 'wq0').status).toBe(0)
    expect(wgq('reload', 'wq0')).toMatchObject({ status: 0, stdout: '', stderr: '' })
    root.run('echo nameserver 192.0.2.53 > /etc/resolv.conf')
    const down = wgq('down', 'wq0')
    expect(down.status).toBe(0)
    expect(down.stderr).not.toContain('resolv.conf')
    expect(resolver()).toEqual(['nameserver 192.0.2.53'])
    expect(root.run('ls -A /etc | grep resolv.conf.wgq || true')).toBe('')
  })

  test.each(['10.9.0.1, https://dns.example/q', '"10.9.0.1"', '10.9.0.1;10.9.0.2'])(
    '%s is neither an address nor a domain: refused, and nothing is left',
    (dns) => {
      write(dns, '0.0.0.0/0')
      const up = wgq('up', 'wq0')
      expect(up.status).toBe(1)
      expect(up.stderr).toContain('DNS in line 4: expected addresses and domains')
      expect(root.run('ip link show')).not.toContain('wq0')
    },
  )

  test('domains without a name server: as with wg-quick, and with a word', () => {
    write('corp.example')
    const before = root.run('cat /etc/resolv.conf')
    const up = wgq('up', 'wq0')
    expect(up.status, up.stderr).toBe(0)
    expect(up.stderr).toContain('[!] DNS of wq0 has domains and no name server')
    expect(root.run('cat /etc/resolv.conf')).toBe(before)
    expect(wgq('diff', 'wq0').status).toBe(0)
    expect(wgq('down', 'wq0').status).toBe(0)
  })
})
