// SPDX-License-Identifier: MIT
// The cost of one run of a verb on each release of Node: CPU time (user and system) above `node -e 0` of the same Node,
// medians, interleaved; with an older build (WGQ_OLDER=DIST), without and with the compile cache, compared with
// Debian's programs. WGQ_DIST=PREFIX measures an installation. Targets in ms: genkey and strip 4 ms, show and set 8,
// those of files and tunnels 35. Arguments: RUNS (9).
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Namespace } from '../../test/support/netns.ts'
import { PrivateRun, whyNoPrivateRun } from '../../test/support/private-run.ts'
import { makeTextKeys } from '../../test/support/tunnel.ts'
import { median, report } from './rig/measure.ts'
import { type Start, starts, timed } from './rig/starts.ts'

const [runs = 9] = process.argv.slice(2).map(Number)

const main = async (): Promise<void> => {
  const why = whyNoPrivateRun()
  if (why) throw new Error(why)
  const place = new PrivateRun()
  const ns = new Namespace('startup')
  const [own, peer] = [makeTextKeys(), makeTextKeys()]
  const conf = join(place.work, 'wg0.conf')
  writeFileSync(
    conf,
    `[Interface]\nPrivateKey = ${own.privateKey}\nListenPort = 51820\nAddress = 10.0.0.1/24\n[Peer]\nPublicKey = ${peer.publicKey}\nAllowedIPs = 10.0.0.0/24\n`,
    { mode: 0o600 },
  )
  const verbs: Record<string, readonly string[]> = {
    'wg genkey': ['wg', 'genkey'],
    'wg pubkey': ['wg', 'pubkey'],
    'wg show wg0 peers': ['wg', 'show', 'wg0', 'peers'],
    'wg show wg0': ['wg', 'show', 'wg0'],
    'wg show interfaces': ['wg', 'show', 'interfaces'],
    'wg set wg0 …': ['wg', 'set', 'wg0', 'listen-port', '51820'],
    'wg-quick strip': ['wg-quick', 'strip', conf],
    'wgq lint': ['wgq', 'lint', conf],
    'wgq doctor': ['wgq', 'doctor', 'wg0'],
    'wgq diff': ['wgq', 'diff', conf],
    'wgq reload': ['wgq', 'reload', conf],
    'wgq wait --up': ['wgq', 'wait', 'wg0', '--up'],
    'wgq up --dry-run': ['wgq', 'up', '--dry-run', conf],
  }
  /** CPU by Node, build and command; empty if the build does not have the verb. */
  const cpu = new Map<string, number[]>()
  const measure = async (key: string, one: Partial<Start>, command: readonly string[]): Promise<void> => {
    const cost = await timed(place, ns.name, one, command, { input: `${own.privateKey}\n` })
    if (cost) cpu.set(key, [...(cpu.get(key) ?? []), cost.cpuMs])
  }
  const nodes = new Set<string>()
  try {
    ns.run('ip', 'link', 'set', 'lo', 'up')
    const all = starts(place.work)
    const first = all.find(({ build }) => build === 'now')
    if (!first || !(await timed(place, ns.name, first, [join(first.bin, 'wgq'), 'up', conf])))
      throw new Error('wgq up fails')
    for (let run = 0; run <= runs; run++) {
      // The first round is not counted; it fills the compile cache.
      if (run === 1) cpu.clear()
      for (const one of all) {
        nodes.add(one.label)
        if (one.build === 'now') await measure(`${one.label}|bare`, one, ['node', '-e', '0'])
        for (const [name, [program = '', ...args]] of Object.entries(verbs))
          await measure(`${one.label}|${one.build}|${name}`, one, [join(one.bin, program), ...args])
      }
      for (const [name, [program, ...args]] of Object.entries(verbs))
        if (program !== 'wgq' && existsSync(`/usr/bin/${program}`))
          await measure(`Debian|${name}`, {}, [`/usr/bin/${program}`, ...args])
    }
    await timed(place, ns.name, first, [join(first.bin, 'wgq'), 'down', conf])
  } finally {
    ns.remove()
    place.remove()
  }
  const ms = (key: string, less = 0): string => {
    const values = cpu.get(key)
    return values ? String(Math.round(median(values) - less)) : '–'
  }
  const builds = process.env['WGQ_OLDER'] === undefined ? ['now', 'kept'] : ['before', 'now', 'kept']
  const cell = (node: string, name: string): string =>
    builds.map((build) => ms(`${node}|${build}|${name}`, median(cpu.get(`${node}|bare`) ?? []))).join(', ')
  const row = (name: string, of: (node: string) => string, debian: string) => ({
    program: name,
    ...Object.fromEntries([...nodes].map((node) => [node, of(node)])),
    Debian: debian,
  })
  report(
    'startup',
    [
      row('node -e 0', (node) => ms(`${node}|bare`), ''),
      ...Object.keys(verbs).map((name) => row(name, (node) => cell(node, name), ms(`Debian|${name}`))),
    ],
    Object.fromEntries(cpu),
  )
}

await main()
