// SPDX-License-Identifier: MIT
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'
import { Namespace, until, whyNoNetns } from '../support/netns.ts'
import { type Ran, whyNoPrivateRun } from '../support/private-run.ts'
import { QuickLab, tunnel } from '../support/quick-lab.ts'

// What wgq does under its own name where the machine lacks something, and what upstream has not.
const reason = whyNoNetns() ?? whyNoPrivateRun() ?? whyNotBuilt()
if (reason) console.log(`wgq up skipped: ${reason}`)
const full = '0.0.0.0/0, ::/0'
const part = '10.5.0.0/16'

let lab: QuickLab
beforeEach(() => {
  if (!reason) lab = new QuickLab()
})
afterEach(() => lab?.remove())

const lines = (text: string): string[] => text.split('\n').filter((line) => /^\[/.test(line))
const resolvFile = (): string => join(lab.run.root, 'etc/resolv.conf')

/** Runs wgq with an /etc of its own, which holds a resolv.conf, and without a resolvconf. */
const withEtc = async (setup: string, ...args: string[]): Promise<Ran> => {
  const etc = join(lab.run.root, 'etc')
  if (!existsSync(etc)) {
    mkdirSync(etc)
    writeFileSync(join(etc, 'resolv.conf'), 'nameserver 192.0.2.1\n')
  }
  const wgq = join(builtBin, 'wgq')
  return lab.program('/bin/sh', '-c', `mount --bind ${etc} /etc && ${setup} exec "$@"`, 'sh', wgq, ...args)
}

/** Runs wgq where neither nft nor the iptables of the machine can be found. */
const withoutFirewallTools = (...args: string[]): Promise<Ran> => {
  const hide = ['nft', 'xtables-nft-multi', 'xtables-legacy-multi'].map(
    (program) => `{ [ ! -e /usr/sbin/${program} ] || mount --bind /dev/null /usr/sbin/${program}; } &&`,
  )
  return lab.program('/bin/sh', '-c', `${hide.join(' ')} exec "$@"`, 'sh', join(builtBin, 'wgq'), ...args)
}

describe.skipIf(reason)('wgq up', () => {
  test('--dry-run prints what the real run does and changes nothing', async () => {
    const file = lab.configure(
      'wgq0',
      tunnel('10.0.0.2/24, fd00:1::2/64', `${full}, 10.7.0.0/16, 10.0.0.0/25`),
    )
    const before = lab.snapshot()
    const dry = await lab.program('wgq', 'up', '--dry-run', file)
    expect(dry).toMatchObject({ status: 0, stderr: '' })
    expect(lab.snapshot()).toEqual(before)
    const real = await lab.program('wgq', 'up', file)
    expect(real.status).toBe(0)
    expect(lines(dry.stdout)).toEqual(lines(real.stderr))
    expect(lines(dry.stdout)).toHaveLength(18)
  })

  test('--dry-run of what fails prints what the real run does: no daemon that went on', async () => {
    const file = lab.configure(
      'wgq0',
      tunnel('10.0.0.2/24', part).replace('[Peer]', 'DNS = 10.0.0.1, https://dns.example/q\n[Peer]'),
    )
    const dry = await lab.program('wgq', 'up', '--dry-run', file)
    const real = await lab.program('wgq', 'up', file)
    expect([dry.status, real.status]).toEqual([1, 1])
    expect(lines(dry.stdout + dry.stderr)).toEqual(lines(real.stderr))
  })

  test('--dry-run --json prints the steps without keys', async () => {
    const file = lab.configure('wgq0', tunnel('10.0.0.2/24', part))
    const { stdout } = await lab.program('wgq', 'up', '--dry-run', '--json', file)
    const steps = JSON.parse(stdout) as { op: { do: string }; words: string }[]
    expect(steps.map(({ op }) => op.do)).toEqual([
      'daemon.start',
      'device.configure',
      'address.add',
      'link.up',
      'route.add',
    ])
    expect(steps.at(-1)?.words).toBe('ip -4 route add 10.5.0.0/16 dev wgq0')
    expect(stdout).not.toContain('cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd')
  })

  test('--netns puts link, addresses, routes and name servers into a namespace', async () => {
    const inner = new Namespace('quick-in')
    try {
      const file = lab.configure('wgq0', tunnel('10.0.0.2/24, fd00:1::2/64', full, ['DNS = 10.0.0.1']))
      const holder = inner.start('sleep', ['infinity'])
      const pid = await until('a process inside', () => inner.pids()[0])
      // The lab has a /run of its own, without the names of namespaces.
      const name = `/run/netns/${inner.name}`
      const named = `mkdir -p /run/netns && touch ${name} && mount --bind /proc/${pid}/ns/net ${name} &&`
      const before = lab.snapshot()
      const up = await withEtc(named, 'up', '--netns', inner.name, file)
      expect(up.status, up.stderr).toBe(0)
      expect(lab.snapshot()).toMatchObject({
        addresses: before['addresses'],
        routes4: before['routes4'],
        rules4: before['rules4'],
        nft: before['nft'],
      })
      expect(inner.run('ip', '-4', 'route')).toContain('default dev wgq0')
      expect(inner.run('ip', '-6', 'route')).toContain('default dev wgq0')
      const netnsFile = join(lab.run.root, 'etc/netns', inner.name, 'resolv.conf')
      expect(readFileSync(netnsFile, 'utf8')).toContain('nameserver 10.0.0.1\n')
      const down = await withEtc(named, 'down', file)
      expect(down.status, down.stderr).toBe(0)
      holder.kill()
      expect(inner.run('ip', '-br', 'link')).not.toContain('wgq0')
      expect(existsSync(netnsFile)).toBe(false)
      await until('the daemon to end', () => lab.ns.pids().length === 0)
    } finally {
      inner.remove()
    }
  })

  test('--netns refuses a namespace that does not exist and leaves nothing', async () => {
    const file = lab.configure('wgq0', tunnel('10.0.0.2/24', part))
    const before = lab.snapshot()
    const up = await lab.program('wgq', 'up', '--netns', 'no-such-netns', file)
    expect(up.status).toBe(1)
    expect(up.stderr).toMatch(/no-such-netns/)
    expect(lab.snapshot()).toEqual(before)
  })

  test('without resolvconf the file itself is replaced and comes back', async () => {
    const file = lab.configure('wgq0', tunnel('10.0.0.2/24', full, ['DNS = 10.0.0.1, corp.example']))
    const up = await withEtc('', 'up', file)
    expect(up.status, up.stderr).toBe(0)
    expect(readFileSync(resolvFile(), 'utf8')).toMatch(
      /^# Written by wgq for wgq0\.\n.*\nnameserver 10\.0\.0\.1\nsearch corp\.example\n$/,
    )
    expect((await withEtc('', 'down', file)).status).toBe(0)
    expect(readFileSync(resolvFile(), 'utf8')).toBe('nameserver 192.0.2.1\n')
    expect(existsSync(`${resolvFile()}.wgq-wgq0`)).toBe(false)
  })

  test.each(['first', 'second'])('two tunnels stack their name servers, the %s goes first', async (which) => {
    const first = lab.configure('wgq0', tunnel('10.0.0.2/24', part, ['DNS = 10.0.0.1']))
    const second = lab.configure('wgq1', tunnel('10.1.0.2/24', '10.6.0.0/16', ['DNS = 10.1.0.1'], 1))
    await withEtc('', 'up', first)
    await withEtc('', 'up', second)
    expect(readFileSync(resolvFile(), 'utf8')).toContain('nameserver 10.1.0.1\n')
    await withEtc('', 'down', which === 'first' ? first : second)
    expect(readFileSync(resolvFile(), 'utf8')).toContain(which === 'first' ? '10.1.0.1' : '10.0.0.1')
    await withEtc('', 'down', which === 'first' ? second : first)
    expect(readFileSync(resolvFile(), 'utf8')).toBe('nameserver 192.0.2.1\n')
  })

  test('without any manager a split tunnel comes up, a full one does not', async () => {
    const readOnly = 'mount -o remount,ro,bind /etc &&'
    const split = lab.configure('wgq0', tunnel('10.0.0.2/24', part, ['DNS = 10.0.0.1']))
    const up = await withEtc(readOnly, 'up', split)
    expect(up.status, up.stderr).toBe(0)
    expect(up.stderr).toContain('[!] Going on without the name servers of wgq0: resolvconf is not installed')
    expect((await withEtc(readOnly, 'down', split)).status).toBe(0)
    const everything = lab.configure('wgq0', tunnel('10.0.0.2/24', full, ['DNS = 10.0.0.1']))
    const before = lab.snapshot()
    const refused = await withEtc(readOnly, 'up', everything)
    expect(refused.status).toBe(1)
    expect(refused.stderr).toContain(
      '[!] The name servers of wgq0 cannot be set: resolvconf is not installed',
    )
    await until('the daemon to end', () => JSON.stringify(lab.snapshot()) === JSON.stringify(before))
  })

  test('resolvectl gets the name servers where systemd-resolved runs', async () => {
    writeFileSync(join(lab.stubs, 'resolvectl'), '#!/bin/sh\necho "$@" >> "$D/resolvectl.log"\n', {
      mode: 0o755,
    })
    mkdirSync(join(lab.run.root, 'run/systemd/resolve'), { recursive: true })
    const file = lab.configure('wgq0', tunnel('10.0.0.2/24', part, ['DNS = 10.0.0.1, fd00::1, corp.example']))
    const up = await withEtc('', 'up', file)
    expect(up.status, up.stderr).toBe(0)
    const down = await withEtc('', 'down', file)
    expect(down.status, down.stderr).toBe(0)
    expect(readFileSync(join(lab.run.root, 'resolvectl.log'), 'utf8')).toBe(
      // `down` reads what the link had; resolved forgets the link itself when it goes.
      'dns wgq0 10.0.0.1 fd00::1\ndomain wgq0 ~. corp.example\ndns wgq0\n',
    )
  })

  test('IPv6 that is switched off is left out, and insisted on with --strict', async () => {
    lab.ns.run('sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1', 'net.ipv6.conf.all.disable_ipv6=1')
    const file = lab.configure('wgq0', tunnel('10.0.0.2/24, fd00:1::2/64', `${full}, fd00:7::/64`))
    const strict = await lab.program('wgq', 'up', '--strict', file)
    expect(strict.status).toBe(2)
    const up = await lab.program('wgq', 'up', file)
    expect(up.status, up.stderr).toBe(0)
    expect(lines(up.stderr).filter((line) => line.startsWith('[!] IPv6'))).toEqual([
      '[!] IPv6 is switched off for wgq0: left out 1 address.',
      '[!] IPv6 is switched off for wgq0: left out 2 routes.',
    ])
    expect(lab.wayTo('8.8.8.8')).toBe('wgq0')
  })

  test('a read-only /proc/sys does not keep a full tunnel down', async () => {
    const file = lab.configure('wgq0', tunnel('10.0.0.2/24', '0.0.0.0/0'))
    const readOnly = 'mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys &&'
    const up = await withEtc(readOnly, 'up', file)
    expect(up.status, up.stderr).toBe(0)
    expect(up.stderr).toContain(
      '[!] Going on without net.ipv4.conf.all.src_valid_mark = 1 for wgq0: no harm while rp_filter is not 1.\n',
    )
    expect(lab.wayTo('8.8.8.8')).toBe('wgq0')
  })

  test('without nft and iptables a full tunnel comes up unprotected, and says so', async () => {
    const file = lab.configure('wgq0', tunnel('10.0.0.2/24', '0.0.0.0/0'))
    const strict = await withoutFirewallTools('up', '--strict', file)
    expect(strict.status).toBe(127)
    const up = await withoutFirewallTools('up', file)
    expect(up.status, up.stderr).toBe(0)
    expect(up.stderr).toContain(
      '[!] Going on without a firewall: iptables-restore is not installed; packets from outside to the addresses of wgq0 are not dropped.\n',
    )
    expect((await lab.program('wgq', 'down', file)).status).toBe(0)
  })

  test.each([['/usr/bin:/bin'], [undefined]])('nft is found whatever PATH is: %s', async (path) => {
    const file = lab.configure('wgq0', tunnel('10.0.0.2/24', '0.0.0.0/0'))
    lab.env['PATH'] = path
    const up = await lab.program('wgq', 'up', file)
    expect(up.status, up.stderr).toBe(0)
    expect(lab.ns.run('nft', 'list', 'tables')).toContain('wg-quick-wgq0')
    expect((await lab.program('wgq', 'down', file)).status).toBe(0)
    expect(lab.ns.run('nft', 'list', 'tables')).toBe('')
  })

  test('where the kernel has no nf_tables, firewall and kill switch are those of iptables', async () => {
    const file = lab.configure('wgq0', tunnel('10.0.0.2/24', '0.0.0.0/0'))
    const refusing =
      '#!/bin/sh\necho "netlink: Error: cache initialization failed: Operation not supported" >&2\nexit 1\n'
    writeFileSync(join(lab.stubs, 'nft'), refusing, { mode: 0o755 })
    const up = await lab.program('wgq', 'up', '--kill-switch', file)
    expect(up.status, up.stderr).toBe(0)
    const saved = lab.ns.run('iptables-save')
    expect(saved).toContain('-A OUTPUT -j wgq-kill-wgq0')
    expect(saved).toContain('wg-quick(8) rule for wgq0')
    expect(lab.ns.run('ip6tables-save')).toContain('-A FORWARD -j wgq-pass-wgq0')
    expect((await lab.program('wgq', 'down', file)).status).toBe(0)
    expect(lab.ns.run('iptables-save') + lab.ns.run('ip6tables-save')).not.toMatch(/wgq-|wg-quick/)
  })

  test('with a kill switch a device has a mark, which alone lets its packets pass', async () => {
    const file = lab.configure('wgq0', tunnel('10.0.0.2/24', part))
    const up = await lab.program('wgq', 'up', '--kill-switch', file)
    expect(up.status, up.stderr).toBe(0)
    expect((await lab.program('wgq', 'show', 'wgq0', 'fwmark')).stdout).toBe('0xca6c\n')
    const table = lab.ns.run('nft', 'list', 'table', 'inet', 'wgq-kill-wgq0')
    expect(table).toContain('meta l4proto udp meta mark 0x0000ca6c accept')
    expect(table).not.toContain('198.51.100.10')
    expect((await lab.program('wgq', 'down', file)).status).toBe(0)
  })

  test('a small MTU below leaves room for IPv6, and a given one without is refused', async () => {
    lab.ns.run(
      'sh',
      '-c',
      'ip link set "$(ip -o -4 route show default | sed "s/.* dev \\([^ ]*\\).*/\\1/")" mtu 1340',
    )
    const file = lab.configure('wgq0', tunnel('10.0.0.2/24, fd00::2/64', '10.0.0.0/24, fd00:5::/48'))
    const up = await lab.program('wgq', 'up', file)
    expect(up.status, up.stderr).toBe(0)
    expect(up.stderr).toContain('[!] MTU 1260 is too small for the IPv6 of wgq0: going on with 1280.\n')
    expect(lab.ns.run('ip', '-6', 'address', 'show', 'wgq0')).toContain('fd00::2/64')
    expect((await lab.program('wgq', 'diff', file)).stderr).toBe('')
    expect((await lab.program('wgq', 'down', file)).status).toBe(0)
    const small = lab.configure('wgq0', tunnel('10.0.0.2/24, fd00::2/64', part, ['MTU = 1200']))
    const before = lab.snapshot()
    const refused = await lab.program('wgq', 'up', small)
    expect(refused.status).toBe(1)
    expect(refused.stderr).toContain('MTU 1200 is too small for the IPv6 of wgq0')
    expect(lab.snapshot()).toEqual(before)
  })

  test('names with "=" and "+" have a firewall too', async () => {
    const file = lab.configure('w=g+q', tunnel('10.0.0.2/24', '0.0.0.0/0'))
    const up = await lab.program('wgq', 'up', file)
    expect(up.status, up.stderr).toBe(0)
    expect(up.stderr).not.toContain('Going on without')
    expect(lab.ns.run('nft', 'list', 'tables')).toBe('table ip wg-quick-w/3dg/2bq\n')
    expect((await lab.program('wgq', 'down', file)).status).toBe(0)
    expect(lab.ns.run('nft', 'list', 'tables')).toBe('')
  })

  test('the words after -- are operands for every verb', async () => {
    const file = lab.configure('wgq0', tunnel('10.0.0.2/24', '10.1.0.0/16'))
    for (const verb of ['up', 'strip', 'down'])
      expect(await lab.program('wgq', verb, '--', file), verb).toMatchObject({ status: 0 })
    expect(await lab.program('wg-quick', 'down', '--', file)).toMatchObject({ status: 1 })
  })

  test('without the raw table the rest of the firewall is loaded', async () => {
    const file = lab.configure('wgq0', tunnel('10.0.0.2/24', '0.0.0.0/0'))
    const refusing = '#!/bin/sh\ncat > "$D/batch"\ngrep -q "^\\*raw" "$D/batch" && exit 3\nexit 0\n'
    writeFileSync(join(lab.stubs, 'iptables-restore'), refusing, { mode: 0o755 })
    copyFileSync('/bin/true', join(lab.stubs, 'iptables'))
    const up = await withoutFirewallTools('up', file)
    expect(up.status, up.stderr).toBe(0)
    expect(up.stderr).toContain('[!] Going on without the raw table: packets from outside')
    expect(readFileSync(join(lab.run.root, 'batch'), 'utf8')).toMatch(/^\*mangle\n/)
  })

  test('a full /run does not keep a tunnel up, and nothing half done', async () => {
    const file = lab.configure('wgq0', tunnel('10.0.0.2/24', '0.0.0.0/0'))
    const full = (pages: number): string => {
      const place = join(lab.run.root, 'small')
      mkdirSync(place, { recursive: true })
      return [
        `mount -t tmpfs -o size=${pages * 4}k,mode=700 tmpfs ${place}`,
        `cp -a /run/wgq/. ${place}/`,
        `{ [ ${pages} -lt 4 ] || head -c 99999 /dev/zero > ${place}/fill 2>/dev/null || :; }`,
        `mount --bind ${place} /run/wgq &&`,
      ].join(' && ')
    }
    expect((await lab.program('wgq', 'up', file)).status).toBe(0)
    expect((await lab.program('wgq', 'down', file)).status).toBe(0)
    for (const pages of [1, 2]) {
      const small = await withEtc(full(pages), 'up', file)
      expect(small.status).toBe(1)
      expect(small.stderr).toContain('cannot be noted in /run/wgq/wgq0.json: No space left on device')
      expect(small.stderr).not.toContain('internal error')
      expect(lab.wayTo('8.8.8.8')).not.toBe('wgq0')
    }
    expect((await lab.program('wgq', 'up', file)).status).toBe(0)
    const down = await withEtc(full(4), 'down', file)
    expect(down.status, down.stderr).toBe(0)
    expect(lab.wayTo('8.8.8.8')).not.toBe('wgq0')
  })

  test('down goes by the journal when the configuration is gone', async () => {
    lab.ns.run('sysctl', '-qw', 'net.ipv4.conf.all.src_valid_mark=1')
    const file = lab.configure('wgq0', tunnel('10.0.0.2/24', full))
    const before = lab.snapshot()
    expect((await lab.program('wgq', 'up', file)).status).toBe(0)
    rmSync(file)
    expect(await lab.program('wg-quick', 'down', file)).toMatchObject({
      status: 1,
      stderr: `wg-quick: \`${file}' does not exist\n`,
    })
    const down = await lab.program('wgq', 'down', file)
    expect(down.status, down.stderr).toBe(0)
    await until('the host as it was', () => JSON.stringify(lab.snapshot()) === JSON.stringify(before))
  })

  test('hooks find our own programs first', async () => {
    const hooks = [
      'PreUp = command -v wg wgq wg-quick wgqd',
      'PostUp = wg show %i fwmark > $INTERFACE.mark; cat $INTERFACE.mark',
    ]
    const file = lab.configure('wgq0', tunnel('10.0.0.2/24', part, hooks))
    const up = await lab.program('wgq', 'up', file)
    expect(up.status, up.stderr).toBe(0)
    const programs = ['wg', 'wgq', 'wg-quick', 'wgqd'].map((name) => `${join(builtBin, name)}\n`)
    expect(up.stdout).toBe(`${programs.join('')}off\n`)
  })

  test('the built-in data plane takes over without a kernel driver', async () => {
    lab.env['WG_QUICK_USERSPACE_IMPLEMENTATION'] = ''
    const file = lab.configure('wgq0', tunnel('10.0.0.2/24', part))
    const up = await lab.program('wgq', 'up', file)
    expect(up.status, up.stderr).toBe(0)
    expect(up.stderr).toContain('[#] wgqd wgq0\n')
    expect((await lab.program('wgq', 'down', file)).status).toBe(0)
  })
})
