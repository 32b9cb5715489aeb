// SPDX-License-Identifier: MIT
// 10,000 routes added and deleted in a namespace: ours over netlink (warm, and as a new process including its start)
// against `ip -batch`, interleaved, medians. Target: at least as fast as `ip -batch`.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openHost } from '../../packages/backends/src/linux/host.ts'
import { formatCidr, parseCidr } from '../../packages/model/src/cidr.ts'
import type { Op } from '../../packages/model/src/operation.ts'
import { Namespace, whyNoNetns } from '../../test/support/netns.ts'

const root = join(import.meta.dirname, '../..')
process.env['WGQ_ADDON'] ??= join(root, 'packages/native/build/wgq.node')
const rounds = Number(process.argv[2] ?? 9)
const routes = Number(process.argv[3] ?? 10_000)

const operations = (act: 'add' | 'delete'): Op[] =>
  Array.from({ length: routes }, (_, index) => {
    const dst = parseCidr(`10.${index >> 8}.${index & 255}.0/24`)
    if (!dst) throw new Error(`no prefix for ${index}`)
    return { do: `route.${act}`, dev: 't0', dst, table: 500 } as Op
  })

/** Our host in a new process: the same list, from the start of Node to its exit. */
const program = `
import { openHost } from '../../packages/backends/src/linux/host.ts'
const [act, count] = process.argv.slice(2)
const ops = Array.from({ length: Number(count) }, (_, i) => ({
  do: 'route.' + act, dev: 't0', table: 500,
  dst: { family: 4, address: '10.' + (i >> 8) + '.' + (i & 255) + '.0', prefixLength: 24 },
}))
const host = openHost()
host.apply(ops).then(() => host.close())
`

const milliseconds = async (act: () => unknown): Promise<number> => {
  const start = process.hrtime.bigint()
  await act()
  return Number(process.hrtime.bigint() - start) / 1e6
}

const buildProgram = async (): Promise<string> => {
  const { build } = await import('esbuild')
  const outfile = join(root, '.cache/programs/netlink-routes.cjs')
  await build({
    stdin: { contents: program, resolveDir: join(root, 'packages/quick'), loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    define: { 'import.meta.dirname': '__dirname', 'import.meta.url': '""' },
    logLevel: 'error',
  })
  return outfile
}

const main = async (): Promise<void> => {
  const why = whyNoNetns()
  if (why) throw new Error(why)
  const ns = new Namespace('nl-bench')
  ns.run('ip', 'tuntap', 'add', 't0', 'mode', 'tun')
  ns.run('ip', 'link', 'set', 't0', 'up')
  const outfile = await buildProgram()
  const host = openHost({ netns: ns.path })
  const ops = { add: operations('add'), delete: operations('delete') }
  const batch = (act: 'add' | 'delete'): string =>
    ops[act]
      .map((op) => ('dst' in op ? `route ${act} ${formatCidr(op.dst)} dev t0 table 500\n` : ''))
      .join('')
  const texts = { add: batch('add'), delete: batch('delete') }
  const must = (done: { status: number | null; stderr: string }): void => {
    if (done.status !== 0) throw new Error(done.stderr)
  }
  const ways: Record<string, (act: 'add' | 'delete') => unknown> = {
    'ip -batch': (act) => must(ns.tryRun('ip', ['-batch', '-'], { input: texts[act] })),
    'wgq, warm': (act) => host.apply(ops[act]),
    'wgq, new process': (act) => must(ns.tryRun(process.execPath, [outfile, act, String(routes)])),
  }
  const timings = new Map<string, number[]>()
  for (let round = 0; round < rounds; round++) {
    for (const [name, way] of Object.entries(ways)) {
      for (const act of ['add', 'delete'] as const) {
        const key = `${name}: ${act}`
        timings.set(key, [...(timings.get(key) ?? []), await milliseconds(() => way(act))])
      }
    }
  }
  host.close()
  ns.remove()
  report(timings)
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

const report = (timings: ReadonlyMap<string, readonly number[]>): void => {
  const rows = [...timings].map(([name, values]) => {
    const peer = median(timings.get(`ip -batch: ${name.split(': ')[1]}`) ?? [])
    return {
      what: name,
      'median ms': Math.round(median(values)),
      'routes/s': Math.round((routes / median(values)) * 1000),
      'speed against ip -batch': Number((peer / median(values)).toFixed(2)),
    }
  })
  console.table(rows)
  const folder = join(root, 'bench-results')
  mkdirSync(folder, { recursive: true })
  const kernel = spawnSync('uname', ['-r'], { encoding: 'utf8' }).stdout.trim()
  const result = { node: process.version, kernel, rounds, routes, rows }
  writeFileSync(join(folder, 'netlink.json'), `${JSON.stringify(result, null, 2)}\n`)
}

await main()
