// SPDX-License-Identifier: MIT
// How long `wg-quick up` takes with many allowed IPs: ours against the installed wg-quick, both with wireguard-go,
// interleaved, medians. Theirs only up to 1,000 (it runs two programs per route). Arguments: RUNS (3). Target: 10,000
// in less than 600 ms above a configuration with one.
import { existsSync } from 'node:fs'
import { QuickLab, tunnel } from '../../test/support/quick-lab.ts'
import { digits, median, report } from './rig/measure.ts'

const [runs = 3] = process.argv.slice(2).map(Number)
const theirs = '/usr/bin/wg-quick'
const counts = [1, 10, 100, 1_000, 5_000, 10_000]
const theirMost = 1_000

const allowedIps = (count: number): string =>
  Array.from(
    { length: count },
    (_, index) => `10.${64 + (index >> 14)}.${(index >> 6) & 255}.${(index & 63) * 4}/30`,
  ).join(', ')

/** Milliseconds of one `up`; the tunnel is down again afterwards. */
const measure = async (lab: QuickLab, program: string, file: string): Promise<number> => {
  const start = performance.now()
  const up = await lab.program(program, 'up', file)
  const ms = performance.now() - start
  if (up.status !== 0) throw new Error(up.stderr)
  const down = await lab.program('wg-quick', 'down', file)
  if (down.status !== 0) throw new Error(down.stderr)
  return ms
}

const main = async (): Promise<void> => {
  const lab = new QuickLab()
  const rows: { allowedIps: number; oursMs: number; theirsMs: number | undefined }[] = []
  try {
    for (const count of counts) {
      const file = lab.configure('wgbench', tunnel('10.0.0.2/32', allowedIps(count)))
      const ours: number[] = []
      const others: number[] = []
      for (let i = 0; i < runs; i++) {
        ours.push(await measure(lab, 'wg-quick', file))
        if (count <= theirMost && existsSync(theirs)) others.push(await measure(lab, theirs, file))
      }
      rows.push({
        allowedIps: count,
        oursMs: median(ours),
        theirsMs: others.length > 0 ? median(others) : undefined,
      })
    }
  } finally {
    lab.remove()
  }
  const fixed = rows[0]?.oursMs ?? 0
  report(
    'up',
    rows.map(({ allowedIps: count, oursMs, theirsMs }) => ({
      'allowed IPs': count,
      'ours ms': digits(oursMs),
      'above one ms': digits(oursMs - fixed),
      'installed ms': theirsMs === undefined ? '' : digits(theirsMs),
      times: theirsMs === undefined ? '' : digits(theirsMs / oursMs),
    })),
    rows,
  )
}

await main()
