// SPDX-License-Identifier: MIT
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { fullPair, type TunnelFile, tunnelFile } from '../../packages/quick/src/testing/memory/arbitraries.ts'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'
import { Capture } from '../support/capture.ts'
import { Daemon } from '../support/daemon.ts'
import { wgqd } from '../support/implementation.ts'
import { connect, Namespace, until, whyNoNetns } from '../support/netns.ts'
import { PrivateRun, type Ran, whyNoPrivateRun } from '../support/private-run.ts'
import { makeTextKeys } from '../support/tunnel.ts'

// Pairs of files from the arbitraries of the properties in memory, on a real network with our own data plane: the state that
// a reload leaves is that of a fresh up, and in a full tunnel not one packet leaves outside meanwhile.
const why = whyNoNetns() ?? whyNoPrivateRun() ?? whyNotBuilt()
if (why) console.warn(`features/reload-pairs: skipped: ${why}`)

const pairs = Number(process.env['WGQ_PAIRS'] ?? (process.env['WGQ_LONG'] ? 200 : 12))
const seed = Number(process.env['WGQ_SEED'] ?? 3)
const device = 'wgpairs'
const target = '198.51.100.1'
/** The key of the first peer in the arbitraries' files. */
const firstPeer = 'Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k='

/** A ping through the tunnel while it changes. */
class Ping {
  private readonly child: ChildProcess
  private text = ''

  constructor(ns: Namespace) {
    this.child = ns.start('ping', ['-i', '0.005', target])
    this.child.stdout?.setEncoding('utf8').on('data', (more: string) => {
      this.text += more
    })
  }

  private get answers(): number[] {
    return [...this.text.matchAll(/icmp_seq=(\d+) ttl=/g)].map(([, sequence]) => Number(sequence))
  }

  /** Waits for answers; false where none come, because the server has no such tunnel. */
  async answered(): Promise<boolean> {
    return until('answers', () => this.answers.length > 3, 2_000).then(
      () => true,
      () => false,
    )
  }

  /** The numbers that had no answer, up to one that was sent after this call. */
  async lost(): Promise<number[]> {
    const now = this.answers.at(-1) ?? 0
    await until('more answers', () => (this.answers.at(-1) ?? 0) > now + 20, 10_000)
    const has = new Set(this.answers)
    const last = Math.max(...has)
    return Array.from({ length: last }, (_, index) => index + 1).filter(
      (sequence) => sequence > Math.min(...has) && !has.has(sequence),
    )
  }

  end(): void {
    this.child.kill('SIGINT')
  }
}

/** The first peer, the only one that is there, takes the target and knows where to answer. */
const reaches = ({ text }: TunnelFile): boolean => {
  const [head = '', peer = '', ...others] = text.split('[Peer]')
  return (
    !others.some((other) => /AllowedIPs = .*\b128\.0\.0\.0\/1/.test(other)) &&
    /^Address = .*10\./m.test(head) &&
    /AllowedIPs = .*\b0\.0\.0\.0\/0/.test(peer) &&
    !/PresharedKey/.test(peer)
  )
}

/** What would lose packets on their way even where the tunnel is made anew by hand: another address or port. */
const staysFor = (a: TunnelFile, b: TunnelFile): boolean =>
  ['Address', 'ListenPort'].every((key) => {
    const value = ({ text }: TunnelFile) => new RegExp(`^${key} = .*`, 'm').exec(text)?.[0]
    return value(a) === value(b)
  })

describe.skipIf(why)('pairs of files', () => {
  const ours = makeTextKeys()
  const theirs = makeTextKeys()
  let ns: Namespace
  let world: Namespace
  let server: Daemon
  let run: PrivateRun
  let etc: string
  beforeAll(async () => {
    ns = new Namespace('pairs')
    world = new Namespace('world')
    connect(
      { ns, dev: 'up0', addresses: ['192.0.2.2/24', '2001:db8::2/64'] },
      { ns: world, dev: 'up0', addresses: ['192.0.2.9/24', '2001:db8::9/64'] },
    )
    for (const [family, via] of [
      ['-4', '192.0.2.9'],
      ['-6', '2001:db8::9'],
    ] as const)
      ns.run('ip', family, 'route', 'add', 'default', 'via', via, 'metric', '100')
    server = await Daemon.start(world, { implementation: wgqd })
    server.setconf(
      `[Interface]\nPrivateKey = ${theirs.privateKey}\nListenPort = 51820\n[Peer]\nPublicKey = ${ours.publicKey}\nAllowedIPs = 10.0.0.0/8, fd00::/8\n`,
    )
    world.run('ip', 'address', 'add', `${target}/32`, 'dev', server.device)
    world.run('ip', 'link', 'set', server.device, 'up')
    world.run('ip', 'route', 'add', '10.0.0.0/8', 'dev', server.device)
    run = new PrivateRun()
    etc = join(run.root, 'etc')
    mkdirSync(etc)
    writeFileSync(join(etc, 'resolv.conf'), 'nameserver 192.0.2.53\n')
  })
  afterAll(() => {
    ns?.remove()
    world?.remove()
    run?.remove()
  })

  const wgq = (...words: string[]): Promise<Ran> =>
    run.run(['sh', '-c', `mount --bind ${etc} /etc && exec "$@"`, 'sh', join(builtBin, 'wgq'), ...words], {
      netns: ns.name,
    })
  const file = (): string => join(run.work, `${device}.conf`)
  const write = ({ text, killSwitch }: TunnelFile): void =>
    writeFileSync(
      file(),
      text
        .replace(firstPeer, theirs.publicKey)
        .replace(
          /PrivateKey = .*/,
          `PrivateKey = ${ours.privateKey}${killSwitch === 'file' ? '\n# KillSwitch = on' : ''}`,
        ),
      { mode: 0o600 },
    )

  /** What can be observed of the machine; the addresses that the kernel gives a TUN by itself are left out. */
  const stateOf = async (one?: TunnelFile): Promise<Record<string, unknown>> => {
    const lines = (...words: string[]) =>
      ns
        .run('ip', ...words)
        .split('\n')
        .map((line) =>
          line
            .trim()
            .replace(/^\d+:\s*/, '')
            .replace(/ +/g, ' '),
        )
        .filter((line) => line !== '' && !/fe80|ff00::/.test(line))
    const shown = one ? (await wgq('show', device, 'dump')).stdout.split('\n').filter(Boolean) : []
    const [own = '', ...peers] = shown.map((line) => line.split('\t'))
    return {
      addresses: lines('-o', 'address', 'show')
        .filter((line) => !line.startsWith('lo'))
        .map((line) => line.replace(/ scope .*/, ''))
        // Only the order of IPv4 addresses says which one packets leave with.
        .sort((x, y) => (x.includes('inet6') && y.includes('inet6') ? x.localeCompare(y) : 0)),
      mtu: one && /mtu (\d+)/.exec(ns.run('ip', 'link', 'show', device))?.[1],
      routes: [
        ...lines('-4', 'route', 'show', 'table', 'all'),
        ...lines('-6', 'route', 'show', 'table', 'all'),
      ].sort(),
      rules: [...lines('-4', 'rule'), ...lines('-6', 'rule')],
      // Neither the order of tables matters, nor that of rules that drop or accept alone.
      nft: ns
        .run('nft', 'list', 'ruleset')
        .split('\n')
        .filter((line) => !line.includes('fe80'))
        .sort(),
      device: [own[1], one?.text.includes('ListenPort') ? own[2] : '', own[3]],
      peers: peers
        .map(([key, secret, , allowed, , , , keepalive]) => [
          key,
          secret,
          allowed?.split(',').sort().join(),
          keepalive,
        ])
        .sort(),
      resolver: readFileSync(join(etc, 'resolv.conf'), 'utf8'),
    }
  }

  const up = async (one: TunnelFile, isGuarded: boolean): Promise<boolean> => {
    write(one)
    const done = await wgq('up', ...(isGuarded ? ['--kill-switch'] : []), file())
    return done.status === 0
  }

  let capture: Capture | undefined
  let ping: Ping | undefined
  afterEach(async () => {
    capture?.stop()
    ping?.end()
    capture = ping = undefined
    await wgq('down', file())
  })

  /** What left outside the tunnel until now: a ping that is sent outside now is seen behind everything else. */
  const seenOutside = async (of: Capture): Promise<string[]> => {
    ns.tryRun('ping', ['-n', '-c', '1', '-W', '1', '-p', 'c0ffee', target])
    const isLast = (packet: Buffer) => packet.toString('hex').includes('c0ffeec0ffee')
    const seen = await of.collect((packets) => packets.some(isLast), 20_000)
    expect(seen.some(isLast)).toBe(true)
    return seen.slice(0, seen.findIndex(isLast)).map((packet) => packet.toString('hex'))
  }

  const half = Math.ceil(pairs / 2)
  const any = fc.sample(fc.tuple(tunnelFile, tunnelFile), { numRuns: pairs - half, seed })
  const full = fc.sample(fullPair, { numRuns: half, seed })
  test.each([...full, ...any].map(([a, b], index) => ({ index, a, b })))(
    'pair $index',
    async ({ a, b }) => {
      // An option of `up` lasts until `down`.
      const isGuarded = a.killSwitch === 'option'
      const before = await stateOf()
      // Files that cannot be brought up here (a route that is there already) leave nothing; they are not a pair.
      if (!(await up(a, isGuarded))) return expect(await stateOf()).toEqual(before)
      const full = a.full.includes(4) && b.full.includes(4)
      capture = full ? await Capture.start(ns, 'up0', `host ${target}`) : undefined
      ping = full ? new Ping(ns) : undefined
      const isAnswered = reaches(a) && ((await ping?.answered()) ?? false)
      write(b)
      const reloaded = await wgq('reload', file())
      if (isAnswered && reaches(b) && staysFor(a, b)) expect(await ping?.lost(), reloaded.stderr).toEqual([])
      ping?.end()
      const state = await stateOf(b)
      const again = await wgq('diff', file())
      expect((await wgq('down', file())).status).toBe(0)
      expect(await stateOf()).toEqual(before)
      if (capture) expect(await seenOutside(capture)).toEqual([])
      if (!(await up(b, isGuarded))) return expect(reloaded.status, reloaded.stderr).not.toBe(0)
      expect(reloaded.status, reloaded.stderr).toBe(0)
      const fresh = await stateOf(b)
      expect((await wgq('down', file())).status).toBe(0)
      expect(state, reloaded.stderr).toEqual(fresh)
      expect(again.status, again.stdout).toBe(0)
    },
    60_000,
  )
})
