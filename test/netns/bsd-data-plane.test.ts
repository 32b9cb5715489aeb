// SPDX-License-Identifier: MIT
// The whole program on a BSD that is not there and has no driver: wgq, its own data plane with the engine's way of the BSDs,
// the system's tools as stubs in front of a simulated system that does to a namespace what it is asked. Packets flow to a
// wgqd of Linux on the other side.
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { CommandOptions, CommandResult } from '../../packages/backends/src/bsd/command-runner.ts'
import { SimulatedSystem } from '../../packages/backends/src/bsd/twin/simulated-system.ts'
import { parseCidr } from '../../packages/model/src/cidr.ts'
import { type BsdPlatform, machineOf } from '../../packages/native/src/bsd/machine.ts'
import { tunLayoutOf } from '../../packages/native/src/bsd/tun-layout.ts'
import { installStubs } from '../../packages/quick/src/testing/stub-programs.ts'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'
import { Daemon } from '../support/daemon.ts'
import { connect, Namespace, until, whyNoNetns } from '../support/netns.ts'
import { PrivateRun, whyNoPrivateRun } from '../support/private-run.ts'
import { makeTextKeys } from '../support/tunnel.ts'
import { workspace } from '../support/workspace.ts'

const why =
  whyNoNetns() ??
  whyNoPrivateRun() ??
  whyNotBuilt() ??
  (!existsSync('/dev/net/tun') ? 'no /dev/net/tun' : undefined)
if (why) console.log(`tests of the data plane on a BSD skipped: ${why}`)

const name = 'office'
const lib = join(builtBin, '../lib')
const pretend = join(workspace, 'test/support/pretend-bsd.cjs')
const refusals = {
  freebsd: ['ifconfig wg create', 'ifconfig: SIOCIFCREATE2 (wg): Invalid argument'],
  openbsd: ['ifconfig wg0 create', 'ifconfig: wg0: SIOCIFCREATE: Invalid argument'],
  netbsd: ['ifconfig wg0 create', 'ifconfig: clone_command: SIOCIFCREATE: Invalid argument'],
} as const

/** A BSD without a driver, whose commands take effect in a namespace. */
class BsdInNamespace extends SimulatedSystem {
  private readonly ns: Namespace
  private readonly sockets: string
  private readonly watchers: (() => void)[] = []

  constructor(platform: BsdPlatform, ns: Namespace, sockets: string) {
    super(platform)
    this.ns = ns
    this.sockets = sockets
    const [command, stderr] = refusals[platform]
    this.failures.set(command, { status: 1, stdout: '', stderr: `${stderr}\n` })
    const dst = parseCidr('0.0.0.0/0')
    if (dst) this.routes.push({ dst, dev: 'em0', gateway: '192.0.2.1', table: '0' })
  }

  override async run(argv: readonly string[], options?: CommandOptions): Promise<CommandResult> {
    this.follow()
    if (argv.slice(-3).join(' ') === 'route -n monitor') {
      await new Promise<void>((resolve) => this.watchers.push(resolve))
      return { status: 0, stdout: 'RTM_IFINFO: iface status change\n\n', stderr: '' }
    }
    const before = this.routes.length
    const result = await super.run(argv, options)
    const [program, dev = '', ...words] = argv
    if (result.status !== 0 || !this.daemons().includes(program === 'ifconfig' ? dev : '')) {
      const route = this.routes.length > before ? this.routes.at(-1) : undefined
      if (route && this.daemons().includes(route.dev))
        this.ns.run('ip', 'route', 'add', `${route.dst.address}/${route.dst.prefixLength}`, 'dev', route.dev)
      return result
    }
    const [word, value = ''] = words
    if (word === 'mtu') this.ns.run('ip', 'link', 'set', dev, 'mtu', value)
    else if (word === 'up') this.ns.run('ip', 'link', 'set', dev, 'up')
    else if (word === 'inet' || word === 'inet6') {
      // Giving an address brings an interface up.
      this.ns.run('ip', 'address', 'add', value, 'dev', dev)
      this.ns.run('ip', 'link', 'set', dev, 'up')
    }
    return result
  }

  /** Interfaces of daemons are there while their sockets are. */
  private follow(): void {
    const present = this.daemons()
    for (const dev of present)
      if (!this.interfaces.has(dev)) this.interfaces.set(dev, { mtu: 1420, up: false, addresses: [] })
    for (const dev of [...this.interfaces.keys()].filter(
      (known) => known !== 'em0' && !present.includes(known),
    )) {
      this.interfaces.delete(dev)
      this.routes = this.routes.filter((route) => route.dev !== dev)
      for (const wake of this.watchers) wake()
    }
  }

  private daemons(): string[] {
    return readdirSync(this.sockets).flatMap((file) => (file.endsWith('.sock') ? [file.slice(0, -5)] : []))
  }
}

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const clean of cleanups.splice(0).reverse()) clean()
})
const later = <T>(made: T, clean: (made: T) => void): T => {
  cleanups.push(() => clean(made))
  return made
}

const openBsd = async (platform: BsdPlatform) => {
  const ns = later(new Namespace('bsd'), (made) => made.remove())
  const peer = later(new Namespace('peer'), (made) => made.remove())
  connect(
    { ns, dev: 'em0', addresses: ['192.0.2.2/24'] },
    { ns: peer, dev: 'em0', addresses: ['192.0.2.1/24'] },
  )
  const there = await Daemon.start(peer)
  const run = later(new PrivateRun(), (made) => made.remove())
  const directory = later(mkdtempSync(join(tmpdir(), 'wgq-bsd-')), (made) =>
    rmSync(made, { recursive: true, force: true }),
  )
  const system = new BsdInNamespace(platform, ns, run.sockets)
  later((await installStubs(directory, system)) as Server, (made) => made.close())
  for (const program of ['wgq', 'wg-quick', 'wg', 'wgqd']) {
    const bundle = join(lib, program === 'wgqd' ? 'wgqd.cjs' : 'wgq.cjs')
    writeFileSync(
      join(directory, program),
      `#!/bin/sh\nexec '${process.execPath}' -r '${pretend}' '${bundle}' "$0" "$@"\n`,
    )
    chmodSync(join(directory, program), 0o755)
  }
  const machine = machineOf(platform, 'x64', 'LE')
  if (!machine) throw new Error('no table')
  const [ours, theirs] = [makeTextKeys(), makeTextKeys()]
  const config = join(directory, `${name}.conf`)
  writeFileSync(
    config,
    `[Interface]
PrivateKey = ${ours.privateKey}
Address = 10.0.0.2/24
PostUp = echo hook %i
[Peer]
PublicKey = ${theirs.publicKey}
AllowedIPs = 10.0.0.0/24, 10.9.0.0/16
Endpoint = 192.0.2.1:51820
`,
    { mode: 0o600 },
  )
  peer.run('ip', 'address', 'add', '10.0.0.1/24', 'dev', there.device)
  peer.run('ip', 'address', 'add', '10.9.0.1/32', 'dev', there.device)
  peer.run('ip', 'link', 'set', there.device, 'up')
  there.setconf(
    `[Interface]\nPrivateKey = ${theirs.privateKey}\nListenPort = 51820\n[Peer]\nPublicKey = ${ours.publicKey}\nAllowedIPs = 10.0.0.2/32\n`,
  )
  const env = {
    PATH: `${directory}:${process.env['PATH']}`,
    WGQ_ADDON: pretend,
    WGQ_PRETEND: JSON.stringify({
      platform,
      layout: tunLayoutOf(platform, machine),
      addon: join(lib, 'wgq.node'),
    }),
  }
  const wgQuick = (verb: string) =>
    run.run([join(directory, 'wg-quick'), verb, config], { env, netns: ns.name })
  const wg = (...words: string[]) => run.run([join(directory, 'wg'), ...words], { env, netns: ns.name })
  return { ns, run, system, wgQuick, wg, theirs }
}

describe.skipIf(why)('the built-in data plane takes over where a BSD has no driver', () => {
  test.each(['freebsd', 'openbsd', 'netbsd'] as const)('%s', async (platform) => {
    const { ns, run, system, wgQuick, wg, theirs } = await openBsd(platform)
    const real = platform === 'freebsd' ? name : 'tun0'
    const up = await wgQuick('up')
    expect(up.stderr).toContain('Falling back to the userspace implementation that is built in.')
    expect(up.stderr).toContain(`[#] wgqd ${platform === 'freebsd' ? name : 'tun'}\n`)
    expect(up).toMatchObject({ status: 0, stdout: `hook ${real}\n` })
    expect(readdirSync(run.sockets)).toEqual([`${real}.sock`])

    expect(ns.tryRun('ping', ['-n', '-q', '-c', '2', '-i', '0.2', '-W', '5', '10.0.0.1']).status).toBe(0)
    expect(ns.tryRun('ping', ['-n', '-q', '-c', '1', '-W', '5', '-s', '1300', '10.9.0.1']).status).toBe(0)
    const handshakes = await wg('show', real, 'latest-handshakes')
    expect(handshakes.stdout).toMatch(
      new RegExp(`^${theirs.publicKey.replace(/[+/]/g, '\\$&')}\t[1-9][0-9]+\n$`),
    )

    const down = await wgQuick('down')
    expect(down).toMatchObject({ status: 0 })
    expect(down.stderr).toContain(`[#] rm -f /var/run/wireguard/${real}.sock\n`)
    await until('the interface to go', () => ns.tryRun('ip', ['link', 'show', real]).status !== 0)
    expect(readdirSync(run.sockets)).toEqual([])
    expect([...system.interfaces.keys()]).toEqual(['em0'])
    expect(readdirSync(join(run.root, 'run/wgq')).filter((file) => !file.endsWith('.lock'))).toEqual([])
  })
})
