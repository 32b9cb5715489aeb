// SPDX-License-Identifier: MIT
// A crowded configuration socket: how long the installed `wg show` waits while N clients have each sent a `get=1` and
// read nothing, on wgqd and wireguard-go in turn, with the daemon's CPU time and memory. `crowd [N [ROUNDS]]`: by
// default 4000 and 5. On a busy machine only CPU time and the ratio of the medians are reliable.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Daemon } from '../../test/support/daemon.ts'
import { type Implementation, wg, wgqd, wireguardGo } from '../../test/support/implementation.ts'
import { Namespace } from '../../test/support/netns.ts'

const root = join(import.meta.dirname, '../..')
const [count = 4000, rounds = 5] = process.argv.slice(2).map(Number)
const built = process.env['WGQ_DIST']
const ours: Implementation = built ? { ...wgqd, command: join(built, 'bin/wgqd') } : wgqd

// Runs in a separate process. A full backlog refuses (EAGAIN): the client then retries.
const crowd = `
const { connect } = require('node:net')
const [path, count] = [process.argv[1], Number(process.argv[2])]
let left = count, asked = 0
const come = () => {
  const socket = connect(path).pause()
  socket.once('connect', () => {
    socket.write('get=1\\n\\n')
    if (++asked === count) process.stdout.write('all')
    if (left-- > 0) come()
  })
  socket.on('error', (error) => error.code === 'EAGAIN' && setTimeout(come, 1))
}
for (let lane = 0; lane < 600 && left-- > 0; lane++) come()
`

const gather = async (socket: string): Promise<ChildProcess> => {
  const child = spawn(process.execPath, ['-e', crowd, socket, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => child.stdout?.once('data', resolve))
  return child
}

const shown = (device: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const from = performance.now()
    const child = spawn(wg, ['show', device], { stdio: 'ignore' })
    child.once('exit', (status) =>
      status === 0 ? resolve(performance.now() - from) : reject(new Error(`wg show ended with ${status}`)),
    )
  })

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] as number

const net = new Namespace('bench-crowd')
const rows = [ours, wireguardGo].map(({ name }) => ({
  name,
  waits: [] as number[],
  cpu: [] as number[],
  peaks: [] as number[],
}))
try {
  for (let round = 0; round < rounds; round++)
    for (const [index, implementation] of [ours, wireguardGo].entries()) {
      const daemon = await Daemon.start(net, { implementation })
      const before = daemon.usage()
      const child = await gather(daemon.socket)
      const row = rows[index]
      row?.waits.push(await shown(daemon.device))
      const after = daemon.usage()
      row?.cpu.push(after.cpuSeconds - before.cpuSeconds)
      row?.peaks.push(after.rssBytes / 1e6)
      child.kill('SIGKILL')
      await daemon.stop()
    }
} finally {
  net.remove()
}
const results = rows.map(({ name, waits, cpu, peaks }) => ({
  name,
  'wg show ms, median': Math.round(median(waits) * 10) / 10,
  'least to most': `${Math.round(Math.min(...waits))} to ${Math.round(Math.max(...waits))}`,
  'CPU ms': Math.round(median(cpu) * 1000),
  'resident MB': Math.round(median(peaks)),
}))
console.table(results)
console.log(`ratio ${(median(rows[0]?.waits ?? []) / median(rows[1]?.waits ?? [])).toFixed(1)}`)
mkdirSync(join(root, 'bench-results'), { recursive: true })
writeFileSync(
  join(root, 'bench-results/crowd.json'),
  `${JSON.stringify({ count, rounds, results, rows }, null, 2)}\n`,
)
