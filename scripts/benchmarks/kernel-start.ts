// SPDX-License-Identifier: MIT
// The cost of `up` and `down` of a small tunnel with the kernel's driver, in a virtual machine that has it
// (scripts/kernel-vm/install): CPU time of all processes and wall time of Debian's wg-quick, of ours, of ours with the
// compile cache, and of Node with no program; interleaved, medians. An emulated processor is many times slower, so only
// the ratios are meaningful. Target: at most wg-quick's. Arguments: RUNS (9).
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeTextKeys } from '../../test/support/tunnel.ts'
import { workspace } from '../../test/support/workspace.ts'
import { digits, median, report } from './rig/measure.ts'

const [runs = 9] = process.argv.slice(2).map(Number)
const ours = join(process.env['WGQ_DIST'] ?? join(workspace, 'dist'), 'bin/wgq')

/** Programs by their name in the table, and whether the compile cache is available. */
const programs = {
  'wg-quick': { path: '/usr/bin/wg-quick', keeps: false },
  wgq: { path: ours, keeps: false },
  'wgq, kept': { path: ours, keeps: true },
  'node -e 0': { path: `'${process.execPath}' -e 0 #`, keeps: false },
} as const
type Name = keyof typeof programs

/** Runs each program `runs` times after one uncounted run, which fills the compile cache. */
const script = (conf: string): string => `set -eu
modprobe wireguard
ip link set lo up
mkdir -p -m 755 /var/cache/wgq
TIMEFORMAT='%R %U %S'
one() { # name keeps verb command
  [ "$2" = true ] || mount -t tmpfs none /var/cache
  echo "time|$1|$3|$({ time eval "$4" >/dev/null 2>/tmp/said; } 2>&1)"
  [ "$2" = true ] || umount /var/cache
}
for run in $(seq 0 ${runs}); do
${Object.entries(programs)
  .flatMap(([name, { path, keeps }]) =>
    ['up', 'down'].map((verb) => `  one '${name}' ${keeps} ${verb} "${path} ${verb} '${conf}'"`),
  )
  .join('\n')}
done
`

interface Costs {
  readonly cpu: number[]
  readonly wall: number[]
}

const measured = (): Map<string, Costs> => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-kernel-start-'))
  const costs = new Map<string, Costs>()
  try {
    const conf = join(folder, 'start0.conf')
    const [own, peer] = [makeTextKeys(), makeTextKeys()]
    writeFileSync(
      conf,
      `[Interface]\nPrivateKey = ${own.privateKey}\nAddress = 10.9.9.2/24\n[Peer]\nPublicKey = ${peer.publicKey}\nAllowedIPs = 10.9.9.0/24\nEndpoint = 127.0.0.1:9\n`,
      { mode: 0o600 },
    )
    writeFileSync(join(folder, 'inside'), script(conf))
    const words = ['--timeout', '3600', '--', 'bash', join(folder, 'inside')]
    const said = execFileSync(join(workspace, 'scripts/kernel-vm/run'), words, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    for (const [, name, verb, real, user, system] of said.matchAll(
      /^time\|(.*)\|(up|down)\|(\S+) (\S+) (\S+)$/gm,
    )) {
      const key = `${name}|${verb}`
      const cost = costs.get(key) ?? { cpu: [], wall: [] }
      costs.set(key, cost)
      cost.cpu.push((Number(user) + Number(system)) * 1000)
      cost.wall.push(Number(real) * 1000)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  for (const { cpu, wall } of costs.values()) for (const values of [cpu, wall]) values.shift()
  return costs
}

const costs = measured()
const of = (name: Name, verb: string): Costs => {
  const cost = costs.get(`${name}|${verb}`)
  if (!cost) throw new Error(`${name} ${verb} was not measured`)
  return cost
}

/** The median, and the median of each round's ratio to wg-quick. */
const cell = (name: Name, verb: string, what: keyof Costs): string => {
  const [values, theirs] = [of(name, verb)[what], of('wg-quick', verb)[what]]
  const ratio = digits(median(values.map((value, run) => value / (theirs[run] ?? 1))))
  return `${Math.round(median(values))} (${ratio})`
}

report(
  'kernel-start',
  (Object.keys(programs) as Name[]).map((name) => ({
    program: name,
    'up, CPU ms': cell(name, 'up', 'cpu'),
    'up, wall ms': cell(name, 'up', 'wall'),
    'down, CPU ms': cell(name, 'down', 'cpu'),
    'down, wall ms': cell(name, 'down', 'wall'),
  })),
  Object.fromEntries(costs),
)
