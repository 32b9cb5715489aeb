// SPDX-License-Identifier: MIT
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'
import { childScript } from '../support/child-script.ts'
import { long } from '../support/implementation.ts'
import { type Namespace, until, whyNoNetns } from '../support/netns.ts'
import { PrivateRun, type Ran, whyNoPrivateRun } from '../support/private-run.ts'
import { goldenNamespace } from '../support/quick-case.ts'
import { snapshot } from '../support/quick-snapshot.ts'

// Whatever step of `up` fails, and wherever the program is killed: afterwards (at once, or after the next `up` and `down`)
// the host is exactly as before.
const privateKey = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='
const peer = `[Peer]\nPublicKey = Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=\nEndpoint = 198.51.100.10:51820\n`
const head = `[Interface]\nPrivateKey = ${privateKey}\n`

const configurations: Record<string, Configuration> = {
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
// Before an effect is what is after the one before it: killed before and after every second one, all gaps are covered.
const step = long ? 1 : 2

describe.skipIf(reason).each(Object.entries(configurations))('%s', (_, configuration) => {
  let scene: Scene
  beforeEach(() => {
    scene = new Scene(configuration)
  })
  afterEach(() => scene.remove())

  const effectsOfUp = async (): Promise<number> => {
    expect(await scene.quick('up')).toMatchObject({ status: 0 })
    const count = scene.effects()
    expect((await scene.quick('down')).status).toBe(0)
    return count
  }

  const resetSysctl = (): string => scene.ns.run('sysctl', '-qw', 'net.ipv4.conf.all.src_valid_mark=0')

  test('a failing step is undone at once', async () => {
    const count = await effectsOfUp()
    resetSysctl()
    const before = snapshot(scene.ns, scene.run)
    expect(count).toBeGreaterThan(5)
    for (let at = 1; at <= count; at++) {
      const done = await scene.quick('up', `fail:${at}`)
      // The first effect is the kernel's interface, which a daemon replaces.
      if (at === 1) {
        expect(done.status).toBe(0)
        expect((await scene.quick('down')).status).toBe(0)
        resetSysctl()
      } else expect(done.status, done.stderr).not.toBe(0)
      await scene.same(before, `a failure of effect ${at}\n${done.stderr}`)
    }
  })

  test.each(['kill-before', 'kill-after'])('%s any step is undone by the next call', async (kind) => {
    const count = await effectsOfUp()
    resetSysctl()
    const before = snapshot(scene.ns, scene.run)
    for (let at = step; at <= count; at += step) {
      scene.writeConfiguration()
      const killed = await scene.quick('up', `${kind}:${at}`)
      expect(killed.status, killed.stderr).not.toBe(0)
      // In turn: `down`; `up` and `down`; `down` when the configuration is gone; `down` of something else.
      const turn = (at / step) % 4
      if (turn === 0) expect((await scene.quick('up')).status).toBe(0)
      if (turn === 0) expect((await scene.quick('down')).status).toBe(0)
      if (turn === 1) await scene.quick('down')
      if (turn === 2) rmSync(scene.file)
      if (turn === 2) await scene.quick('down')
      if (turn === 3) await scene.quick('down', '', scene.writeOther())
      if (turn === 0) resetSysctl()
      await scene.same(before, `${kind} effect ${at}\n${killed.stderr}`)
    }
  })
})

// A `down` that was cut off is finished by the next one (which may say that there is no interface any more).
describe.skipIf(reason)('down', () => {
  test.each(['kill-before', 'kill-after'])('%s any step', async (kind) => {
    const lab = new Scene(configurations['default route, DNS and hooks'] as Configuration)
    try {
      lab.ns.run('sysctl', '-qw', 'net.ipv4.conf.all.src_valid_mark=1')
      const before = snapshot(lab.ns, lab.run)
      expect((await lab.quick('up')).status).toBe(0)
      expect((await lab.quick('down')).status).toBe(0)
      const count = lab.effects()
      expect(count).toBeGreaterThan(4)
      for (let at = 1; at <= count; at++) {
        expect((await lab.quick('up')).status).toBe(0)
        const killed = await lab.quick('down', `${kind}:${at}`)
        expect(killed.status, killed.stderr).not.toBe(0)
        await lab.quick('down')
        await lab.same(before, `${kind} effect ${at} of down\n${killed.stderr}`)
      }
    } finally {
      lab.remove()
    }
  })
})

interface Configuration {
  readonly text: string
  readonly iptables?: boolean
}

/** A namespace with a configuration and the program with faults. */
class Scene {
  readonly ns: Namespace = goldenNamespace()
  readonly run = new PrivateRun()
  readonly file = join(this.run.work, `${name}.conf`)
  private readonly bin = join(this.run.root, 'bin')
  private readonly configuration: Configuration

  constructor(configuration: Configuration) {
    this.configuration = configuration
    const { bin } = this
    mkdirSync(bin)
    for (const program of ['wg', 'wg-quick', 'wgq', 'wgqd'])
      symlinkSync(join(builtBin, program), join(bin, program))
    cpSync(join(import.meta.dirname, '../support/quick/resolvconf.stub'), join(bin, 'resolvconf'))
    if (configuration.iptables) {
      for (const tool of ['sysctl', 'ip']) symlinkSync(`/usr/sbin/${tool}`, join(bin, tool))
      for (const tool of legacyTools) symlinkSync(`/usr/sbin/${legacy(tool)}`, join(bin, tool))
    }
    this.writeConfiguration()
  }

  writeConfiguration(): void {
    writeFileSync(this.file, this.configuration.text, { mode: 0o600 })
  }

  /** Writes the configuration of another tunnel and returns its path. */
  writeOther(): string {
    const other = join(this.run.work, 'wgother.conf')
    writeFileSync(other, head, { mode: 0o600 })
    return other
  }

  quick(verb: string, fault = '', argument = this.file): Promise<Ran> {
    const { bin } = this
    return this.run.run(
      [process.execPath, childScript('quick-faults'), join(bin, 'wg-quick'), verb, argument],
      {
        netns: this.ns.name,
        env: {
          // Without /usr/sbin there is no nft.
          PATH: this.configuration.iptables ? `${bin}:/usr/bin:/bin` : `${bin}:/usr/sbin:/usr/bin:/sbin:/bin`,
          WGQ_ADDON: join(builtBin, '../lib/wgq.node'),
          WG_QUICK_USERSPACE_IMPLEMENTATION: 'wireguard-go',
          D: this.run.root,
          FAULT: fault,
          COUNT_FILE: join(this.run.root, 'count'),
        },
      },
    )
  }

  /** How many effects the last complete run had. */
  effects(): number {
    return Number(readFileSync(join(this.run.root, 'count'), 'utf8'))
  }

  async same(before: unknown, what: string): Promise<void> {
    // The daemon ends a moment after its interface.
    await until(what, () => equal(snapshot(this.ns, this.run), before), 3000).catch(() => {})
    expect(snapshot(this.ns, this.run), what).toEqual(before)
  }

  remove(): void {
    this.ns.remove()
    this.run.remove()
  }
}

const legacyTools = ['iptables', 'ip6tables'].flatMap((tool) => [tool, `${tool}-save`, `${tool}-restore`])
const legacy = (tool: string): string => tool.replace('tables', 'tables-legacy')
const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
