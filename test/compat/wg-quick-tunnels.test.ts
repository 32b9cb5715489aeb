// SPDX-License-Identifier: MIT
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'
import { until, whyNoNetns } from '../support/netns.ts'
import { whyNoPrivateRun } from '../support/private-run.ts'
import { QuickLab, tunnel } from '../support/quick-lab.ts'

const theirs = '/usr/bin/wg-quick'
const reason = whyNoNetns() ?? whyNoPrivateRun() ?? whyNotBuilt()
if (reason) console.log(`tunnels of wg-quick skipped: ${reason}`)
const noTheirs = existsSync(theirs) ? undefined : 'wireguard-tools is not installed'
if (noTheirs) console.log(`use across implementations skipped: ${noTheirs}`)

let lab: QuickLab
beforeEach(() => {
  if (!reason) lab = new QuickLab()
})
afterEach(() => lab?.remove())

const settled = async (before: Record<string, unknown>): Promise<void> => {
  const equal = () => JSON.stringify(lab.snapshot()) === JSON.stringify(before)
  await until('the host as it was', equal, 3000).catch(() => {})
  expect(lab.snapshot()).toEqual(before)
}

const kinds = {
  plain: tunnel('10.0.0.2/24, fd00:1::2/64', '10.0.0.0/24, 10.5.0.0/16, fd00:2::/48'),
  'default routes': tunnel('10.0.0.2/24, fd00:1::2/64', '0.0.0.0/0, ::/0'),
}

describe.skipIf(reason || noTheirs).each(Object.entries(kinds))('across implementations: %s', (_, text) => {
  test('ours up, theirs down', async () => {
    // Taking a tunnel down never puts this back.
    lab.ns.run('sysctl', '-qw', 'net.ipv4.conf.all.src_valid_mark=1')
    const file = lab.configure('wgx', text)
    const before = lab.snapshot()
    expect(await lab.program('wg-quick', 'up', file)).toMatchObject({ status: 0 })
    expect(await lab.program(theirs, 'down', file)).toMatchObject({ status: 0 })
    // The journal goes when we come by the next time.
    expect(await lab.program('wg-quick', 'up', file)).toMatchObject({ status: 0 })
    expect(await lab.program('wg-quick', 'down', file)).toMatchObject({ status: 0 })
    await settled(before)
  })

  test('theirs up, ours down', async () => {
    lab.ns.run('sysctl', '-qw', 'net.ipv4.conf.all.src_valid_mark=1')
    const file = lab.configure('wgx', text)
    const before = lab.snapshot()
    expect(await lab.program(theirs, 'up', file)).toMatchObject({ status: 0 })
    expect(await lab.program('wg-quick', 'down', file)).toMatchObject({ status: 0 })
    await settled(before)
  })
})

// Order of going up, then of going down; `theirs` brings its own suppress rule along, which must stay as well.
const orders = [
  ['wga', 'wgb', 'wga', 'wgb'],
  ['wga', 'wgb', 'wgb', 'wga'],
  ['wgb', 'wga', 'wga', 'wgb'],
  ['wgb', 'wga', 'wgb', 'wga'],
] as const

describe.skipIf(reason)('two full tunnels', () => {
  test.each(orders)('up %s %s, down %s %s', async (first, second, goes, stays) => {
    lab.ns.run('sysctl', '-qw', 'net.ipv4.conf.all.src_valid_mark=1')
    const files = {
      wga: lab.configure('wga', tunnel('10.8.0.2/24, fd08::2/64', '0.0.0.0/0, ::/0', [], 0)),
      wgb: lab.configure('wgb', tunnel('10.9.0.2/24, fd09::2/64', '0.0.0.0/0, ::/0', [], 1)),
    }
    const before = lab.snapshot()
    expect(await lab.program('wg-quick', 'up', files[first])).toMatchObject({ status: 0 })
    expect(await lab.program('wg-quick', 'up', files[second])).toMatchObject({ status: 0 })
    expect(await lab.program('wg-quick', 'down', files[goes])).toMatchObject({ status: 0 })
    const mark = stays === first ? '51820' : '51821'
    for (const family of ['-4', '-6']) {
      const rules = lab.ns.run('ip', family, 'rule')
      expect(rules.match(/suppress_prefixlength 0/g)).toHaveLength(1)
      expect(rules.match(/lookup 5182[01]/g)).toEqual([`lookup ${mark}`])
    }
    expect(lab.wayTo('8.8.8.8')).toBe(stays)
    expect(lab.wayTo('192.0.2.77')).toBe('up0')
    expect(lab.ns.run('nft', 'list', 'tables')).toBe(
      `table ip6 wg-quick-${stays}\ntable ip wg-quick-${stays}\n`,
    )
    expect(await lab.program('wg-quick', 'down', files[stays])).toMatchObject({ status: 0 })
    await settled(before)
  })

  test('one interface brought up twice at the same time comes up once', async () => {
    const before = lab.snapshot()
    const file = lab.configure('wga', tunnel('10.8.0.2/24', '10.8.0.0/16', ['PostUp = sleep 0.2']))
    const ups = await Promise.all([1, 2, 3].map(() => lab.program('wg-quick', 'up', file)))
    expect(ups.map(({ status }) => status).sort()).toEqual([0, 1, 1])
    expect(ups.map(({ stderr }) => stderr)).toContain("wg-quick: `wga' already exists\n")
    expect(lab.ns.run('ip', '-br', 'addr', 'show', 'wga')).toContain('10.8.0.2/24')
    expect(await lab.program('wg-quick', 'down', file)).toMatchObject({ status: 0 })
    await settled(before)
  })

  test('coming up at the same time choose different marks', async () => {
    const names = ['wga', 'wgb', 'wgc', 'wgd']
    const files = names.map((name, index) =>
      lab.configure(name, tunnel(`10.${10 + index}.0.2/24`, '0.0.0.0/0', [], index % 2)),
    )
    const ups = await Promise.all(files.map((file) => lab.program('wg-quick', 'up', file)))
    expect(ups.map(({ status }) => status)).toEqual([0, 0, 0, 0])
    const marks = lab.ns.run('ip', '-4', 'rule').match(/lookup 518\d\d/g)
    expect([...(marks ?? [])].sort()).toEqual([
      'lookup 51820',
      'lookup 51821',
      'lookup 51822',
      'lookup 51823',
    ])
  })
})

describe.skipIf(reason)('signals during a hook', () => {
  test('Ctrl-C, which everything at the terminal gets, undoes what was done', async () => {
    const marker = `${lab.run.work}/hook-runs`
    const file = lab.configure(
      'wgs',
      tunnel('10.0.0.2/24, fd00:1::2/64', '0.0.0.0/0, ::/0', [`PostUp = echo $PPID > ${marker}; sleep 60`]),
    )
    const before = lab.snapshot()
    const ours = join(builtBin, 'wg-quick')
    const up = lab.program('/usr/bin/setsid', '-w', ours, 'up', file)
    const pid = await until('the hook', () => existsSync(marker) && Number(readPid(marker)))
    process.kill(-groupOf(pid), 'SIGINT')
    expect((await up).status).toBe(1)
    await settled(before)
  })

  test('SIGTERM ends waiting for a name that never resolves', async () => {
    lab.env['WG_ENDPOINT_RESOLUTION_RETRIES'] = 'infinity'
    const marker = `${lab.run.work}/hook-runs`
    const text = tunnel('10.0.0.2/24', '10.5.0.0/16', [`PreUp = echo $PPID > ${marker}`])
    const file = lab.configure('wgs', text.replace('198.51.100.10:', 'no-such-host.invalid:'))
    const before = lab.snapshot()
    const up = lab.program('wg-quick', 'up', file)
    const pid = await until('the hook', () => existsSync(marker) && Number(readPid(marker)))
    process.kill(pid, 'SIGTERM')
    expect((await up).status).toBe(1)
    await settled(before)
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('%s undoes what was done', async (signal) => {
    const marker = `${lab.run.work}/hook-runs`
    const file = lab.configure(
      'wgs',
      tunnel('10.0.0.2/24', '0.0.0.0/0', [
        `PostUp = echo $PPID > ${marker}; sleep 1`,
        'PostUp = echo second',
      ]),
    )
    const before = lab.snapshot()
    const up = lab.program('wg-quick', 'up', file)
    // The hook tells the process that started it; that is the program itself.
    const pid = await until('the hook', () => existsSync(marker) && Number(readPid(marker)))
    process.kill(pid, signal)
    const done = await up
    expect(done.status).toBe(1)
    expect(done.stdout).not.toContain('second')
    await settled(before)
  })
})

describe.skipIf(reason)('a reader of standard error who leaves', () => {
  test('does not cut the run in half', async () => {
    const file = lab.configure('wgp', tunnel('10.0.0.2/24', '0.0.0.0/0'))
    // wireguard-go draws a box on standard error and would be killed for it.
    const quiet = '#!/bin/sh\nexec wireguard-go "$@" 2> /dev/null\n'
    writeFileSync(join(lab.stubs, 'quiet-go'), quiet, { mode: 0o755 })
    lab.env['WG_QUICK_USERSPACE_IMPLEMENTATION'] = 'quiet-go'
    const ours = join(builtBin, 'wg-quick')
    const script = '{ "$@"; echo $? > "$D/status"; } 2>&1 | head -n 1'
    const done = await lab.program('/bin/sh', '-c', script, 'sh', ours, 'up', file)
    expect(done.stdout).toBe('[#] ip link add dev wgp type wireguard\n')
    expect(lab.ns.run('cat', join(lab.run.root, 'status'))).toBe('0\n')
    expect(lab.wayTo('8.8.8.8')).toBe('wgp')
  })
})

describe.skipIf(reason)('a read-only /run', () => {
  test('does not keep a tunnel down', async () => {
    const file = lab.configure('wgr', tunnel('10.0.0.2/24', '0.0.0.0/0'))
    const before = lab.snapshot()
    const readOnly = 'mount -t tmpfs -o ro tmpfs /run/wgq && exec "$@"'
    mkdirSync(join(lab.run.root, 'run/wgq'))
    for (const verb of ['up', 'down']) {
      const done = await lab.program('/bin/sh', '-c', readOnly, 'sh', join(builtBin, 'wg-quick'), verb, file)
      expect(done.status, done.stderr).toBe(0)
    }
    lab.ns.run('sysctl', '-qw', 'net.ipv4.conf.all.src_valid_mark=0')
    await settled(before)
  })
})

const readPid = (path: string): string => lab.ns.run('cat', path)

/** The foreground group of a terminal holds the launcher too, which may wait. */
const groupOf = (pid: number): number =>
  Number(execFileSync('ps', ['-o', 'pgid=', '-p', `${pid}`], { encoding: 'utf8' }))
