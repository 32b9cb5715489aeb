// SPDX-License-Identifier: MIT
// What `up` and `down` of a small tunnel cost on each release of Node: CPU of all processes, the data plane until 150 ms after
// `up` included, and wall time; interleaved, medians. Beside wg-quick with wireguard-go where they are installed, and beside
// an older build (WGQ_OLDER=DIST). Arguments: RUNS (9).
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Namespace } from '../../test/support/netns.ts'
import { PrivateRun, whyNoPrivateRun } from '../../test/support/private-run.ts'
import { makeTextKeys } from '../../test/support/tunnel.ts'
import { digits, median, report } from './rig/measure.ts'

const root = join(import.meta.dirname, '../..')
const [runs = 9] = process.argv.slice(2).map(Number)
/** How long the data plane goes on working after `up`. */
const settleMs = 150

/** As scripts/build/nodes.mjs lists them. */
const versions = ['20.19.0', '22.23.5', '24.19.0', '26.12.1']

const nodeOf = (version: string): string =>
  execFileSync(process.execPath, [join(root, 'scripts/build/nodes.mjs'), version], {
    encoding: 'utf8',
  }).trim()

interface Contestant {
  readonly name: string
  readonly program: string
  /** The folder of `node`; the first of PATH. */
  readonly folder?: string
}

interface Costs {
  readonly up: number[]
  readonly wall: number[]
  readonly down: number[]
}

/** `node` as Debian builds it, without a snapshot of its own: a script in `folder` that starts another. */
const withoutSnapshot = (folder: string, node: string): string => {
  mkdirSync(folder)
  writeFileSync(join(folder, 'node'), `#!/bin/sh\nexec '${node}' --no-node-snapshot "$@"\n`, { mode: 0o755 })
  return folder
}

const contestants = (work: string): Contestant[] => {
  const builds: [string, string][] = [['wgq', join(root, 'dist/bin/wgq')]]
  const older = process.env['WGQ_OLDER']
  if (older !== undefined) builds.push(['older wgq', join(older, 'bin/wgq')])
  const nodes = versions.map((version) => ({ label: `Node ${version}`, folder: dirname(nodeOf(version)) }))
  const bare = nodes[2]
  if (bare)
    nodes.push({
      label: `${bare.label} without its snapshot`,
      folder: withoutSnapshot(join(work, 'bare'), join(bare.folder, 'node')),
    })
  const ours = nodes.flatMap(({ label, folder }) =>
    builds.map(([name, program]) => ({ name: `${name}, ${label}`, program, folder })),
  )
  return existsSync('/usr/bin/wg-quick')
    ? [{ name: 'wg-quick', program: '/usr/bin/wg-quick' }, ...ours]
    : ours
}

const main = async (): Promise<void> => {
  const why = whyNoPrivateRun()
  if (why) throw new Error(why)
  const place = new PrivateRun()
  const ns = new Namespace('start')
  const costs = new Map<string, Costs>()
  try {
    ns.run('ip', 'link', 'set', 'lo', 'up')
    const conf = join(place.work, 'start0.conf')
    const [own, peer] = [makeTextKeys(), makeTextKeys()]
    writeFileSync(
      conf,
      `[Interface]\nPrivateKey = ${own.privateKey}\nAddress = 10.9.9.2/24\n[Peer]\nPublicKey = ${peer.publicKey}\nAllowedIPs = 10.9.9.0/24\nEndpoint = 127.0.0.1:9\n`,
      { mode: 0o600 },
    )
    const all = contestants(place.work)
    for (let run = 0; run < runs; run++)
      for (const one of all) {
        const cost = costs.get(one.name) ?? { up: [], wall: [], down: [] }
        costs.set(one.name, cost)
        const up = await timed(place, ns, one, 'up', conf)
        await sleep(settleMs)
        cost.up.push(up.cpuMs + livingCpuMs(ns))
        cost.wall.push(up.wallMs)
        cost.down.push((await timed(place, ns, one, 'down', conf)).cpuMs)
        await sleep(settleMs)
      }
  } finally {
    ns.remove()
    place.remove()
  }
  const rows = [...costs].map(([name, { up, wall, down }]) => ({
    name,
    upMs: median(up),
    upWallMs: median(wall),
    downMs: median(down),
  }))
  report(
    'tunnel-start',
    rows.map(({ name, upMs, upWallMs, downMs }) => ({
      name,
      'up, CPU ms': digits(upMs),
      'up, wall ms': digits(upWallMs),
      'down, CPU ms': digits(downMs),
    })),
    rows,
  )
}

/** CPU (of what has ended) and wall time of one verb. */
const timed = async (
  place: PrivateRun,
  ns: Namespace,
  { program, folder }: Contestant,
  verb: string,
  conf: string,
): Promise<{ readonly cpuMs: number; readonly wallMs: number }> => {
  const PATH = `${folder === undefined ? '' : `${folder}:`}/usr/sbin:/usr/bin:/sbin:/bin`
  const script = 'TIMEFORMAT="time %R %U %S"; time "$@" >/dev/null'
  const { stdout, stderr } = await place.run(['bash', '--norc', '-c', script, 'bash', program, verb, conf], {
    netns: ns.name,
    env: { PATH, ...(folder === undefined ? { WG_QUICK_USERSPACE_IMPLEMENTATION: 'wireguard-go' } : {}) },
  })
  const [, real, user, system] = /^time (\S+) (\S+) (\S+)$/m.exec(stderr) ?? []
  if (real === undefined) throw new Error(`${program} ${verb}: ${stdout}${stderr}`)
  return { cpuMs: (Number(user) + Number(system)) * 1000, wallMs: Number(real) * 1000 }
}

/** CPU time of what lives in the namespace. */
const livingCpuMs = (ns: Namespace): number =>
  ns
    .pids()
    .flatMap((pid) => readdirSync(`/proc/${pid}/task`).map((id) => `/proc/${pid}/task/${id}/schedstat`))
    .reduce((sum, file) => sum + Number(readFileSync(file, 'latin1').split(' ')[0]) / 1e6, 0)

await main()
