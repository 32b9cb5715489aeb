// SPDX-License-Identifier: MIT
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'
import { childScript } from '../support/child-script.ts'
import { type Namespace, until, whyNoNetns } from '../support/netns.ts'
import { PrivateRun, type Ran, whyNoPrivateRun } from '../support/private-run.ts'
import { goldenNamespace } from '../support/quick-case.ts'
import { snapshot } from '../support/quick-snapshot.ts'

// Whatever step of `up` fails, and wherever the program is killed: afterwards (at once, or after the next `up` and `down`)
// the host is exactly as before.
const privateKey = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='
const peer = `[Peer]\nPublicKey = Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=\nEndpoint = 198.51.100.10:51820\n`
const head = `[Interface]\nPrivateKey = ${privateKey}\n`

const configurations: Record<string, { readonly text: string; readonly iptables?: boolean }> = {
  plain: {
    text: `${head}Address = 10.0.0.2/24\n${peer}AllowedIPs = 10.0.0.0/24, 10.5.0.0/16, 10.6.0.0/16\n`,
  },
  'both default routes': {
    text: `${head}Address = 10.0.0.2/24, fd00:1::2/64\n${peer}AllowedIPs = 0.0.0.0/0, ::/0, 10.7.0.0/16\n`,
  },
  'default route, DNS and hooks': {
    text: `${head}Address = 10.0.0.2/24\nDNS = 10.0.0.1, example.com\nPreUp = true\nPostUp = true\n${peer}AllowedIPs = 0.0.0.0/0\n`,
  },
  'a table of its own': {
    text: `${head}Address = 10.0.0.2/32, fd00:1::2/128\nMTU = 1300\nTable = 1234\n${peer}AllowedIPs = 0.0.0.0/0, ::/0, 10.0.0.0/8\n`,
  },
  'default route with iptables': {
    text: `${head}Address = 10.0.0.2/24\nFwMark = 77\n${peer}AllowedIPs = 0.0.0.0/0\n`,
    iptables: true,
  },
}

const reason = whyNoNetns() ?? whyNoPrivateRun() ?? whyNotBuilt()
if (reason) console.log(`faults of wg-quick skipped: ${reason}`)
const name = 'wgfault'

describe.skipIf(reason).each(Object.entries(configurations))('%s', (_, { text, iptables }) => {
  let ns: Namespace
  let run: PrivateRun
  let bin: string

  beforeEach(() => {
    ns = goldenNamespace()
    run = new PrivateRun()
    bin = join(run.root, 'bin')
    mkdirSync(bin)
    for (const program of ['wg', 'wg-quick', 'wgq', 'wgqd'])
      symlinkSync(join(builtBin, program), join(bin, program))
    if (iptables) for (const tool of ['sysctl', 'ip']) symlinkSync(`/usr/sbin/${tool}`, join(bin, tool))
    cpSync(join(import.meta.dirname, '../support/quick/resolvconf.stub'), join(bin, 'resolvconf'))
    if (iptables) for (const tool of legacyTools) symlinkSync(`/usr/sbin/${legacy(tool)}`, join(bin, tool))
    writeConfiguration()
  })
  afterEach(() => {
    ns.remove()
    run.remove()
  })

  const file = (): string => join(run.work, `${name}.conf`)
  const writeConfiguration = (): void => writeFileSync(file(), text, { mode: 0o600 })

  const quick = (verb: string, fault = '', argument = file()): Promise<Ran> =>
    run.run([process.execPath, childScript('quick-faults'), join(bin, 'wg-quick'), verb, argument], {
      netns: ns.name,
      env: {
        // Without /usr/sbin there is no nft.
        PATH: iptables ? `${bin}:/usr/bin:/bin` : `${bin}:/usr/sbin:/usr/bin:/sbin:/bin`,
        WGQ_ADDON: join(builtBin, '../lib/wgq.node'),
        WG_QUICK_USERSPACE_IMPLEMENTATION: 'wireguard-go',
        WG_PROCESS_LOG: 'silent',
        D: run.root,
        FAULT: fault,
        COUNT_FILE: join(run.root, 'count'),
      },
    })

  const same = async (before: unknown, what: string): Promise<void> => {
    // The daemon ends a moment after its interface.
    await until(what, () => equal(snapshot(ns, run), before), 3000).catch(() => {})
    expect(snapshot(ns, run), what).toEqual(before)
  }

  const effectsOfUp = async (): Promise<number> => {
    const done = await quick('up')
    expect(done).toMatchObject({ status: 0 })
    const count = Number(readFileSync(join(run.root, 'count'), 'utf8'))
    expect((await quick('down')).status).toBe(0)
    return count
  }

  test('a failing step is undone at once', async () => {
    const count = await effectsOfUp()
    ns.run('sysctl', '-qw', 'net.ipv4.conf.all.src_valid_mark=0')
    const before = snapshot(ns, run)
    expect(count).toBeGreaterThan(5)
    for (let at = 1; at <= count; at++) {
      const done = await quick('up', `fail:${at}`)
      // The first effect is the kernel's interface, which a daemon replaces.
      if (at === 1) {
        expect(done.status).toBe(0)
        expect((await quick('down')).status).toBe(0)
        ns.run('sysctl', '-qw', 'net.ipv4.conf.all.src_valid_mark=0')
      } else expect(done.status, done.stderr).not.toBe(0)
      await same(before, `a failure of effect ${at}\n${done.stderr}`)
    }
  })

  test.each(['kill-before', 'kill-after'])('%s any step is undone by the next call', async (kind) => {
    const count = await effectsOfUp()
    ns.run('sysctl', '-qw', 'net.ipv4.conf.all.src_valid_mark=0')
    const before = snapshot(ns, run)
    for (let at = 1; at <= count; at++) {
      writeConfiguration()
      const killed = await quick('up', `${kind}:${at}`)
      expect(killed.status, killed.stderr).not.toBe(0)
      // In turn: `down`; `up` and `down`; `down` when the configuration is gone; `down` of something else.
      if (at % 4 === 0) expect((await quick('up')).status).toBe(0)
      if (at % 4 === 0) expect((await quick('down')).status).toBe(0)
      if (at % 4 === 1) await quick('down')
      if (at % 4 === 2) rmSync(file())
      if (at % 4 === 2) await quick('down')
      if (at % 4 === 3) {
        writeFileSync(join(run.work, 'wgother.conf'), head, { mode: 0o600 })
        await quick('down', '', join(run.work, 'wgother.conf'))
      }
      if (at % 4 === 0) ns.run('sysctl', '-qw', 'net.ipv4.conf.all.src_valid_mark=0')
      await same(before, `${kind} effect ${at}\n${killed.stderr}`)
    }
  })
})

const legacyTools = ['iptables', 'ip6tables'].flatMap((tool) => [tool, `${tool}-save`, `${tool}-restore`])
const legacy = (tool: string): string => tool.replace('tables', 'tables-legacy')
const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
