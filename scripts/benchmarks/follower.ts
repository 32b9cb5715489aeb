// SPDX-License-Identifier: MIT
// The cost of an idle `wgq run`: CPU time and wake-ups per second of its process and of the verbs that it runs, with 1
// and with 1,000 peers, whose endpoints are addresses or names, compared with a bare `ip monitor`. All run in parallel,
// each in its own network namespace. `follower [SECONDS]`, by default 600. The data plane is not counted.
import { type ChildProcess, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, Namespace, until } from '../../test/support/netns.ts'

const root = join(import.meta.dirname, '../..')
const program = join(root, 'dist/bin/wgq')
const seconds = Number(process.argv[2] ?? 600)
/** USER_HZ: /proc counts hundredths of a second. */
const tickMs = 10

interface Cost {
  readonly cpuMs: number
  readonly wakeUps: number
}

/** CPU time of a process, its threads and the children that it waited for; wake-ups without those of children. */
const costOf = (pid: number): Cost => {
  const fields = (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1] ?? '').split(' ').map(Number)
  // utime, stime, cutime, cstime: fields 14 to 17, of which two are before the parenthesis.
  const ticks = fields.slice(11, 15).reduce((sum, one) => sum + one, 0)
  let wakeUps = 0
  for (const task of readdirSync(`/proc/${pid}/task`))
    wakeUps += Number(
      /^voluntary_ctxt_switches:\s*(\d+)/m.exec(
        readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8'),
      )?.[1],
    )
  return { cpuMs: ticks * tickMs, wakeUps }
}

/** The tunnels that are followed; names are resolved from /etc/hosts. */
const tunnels = [
  { peers: 1, host: '10.77.0.2', title: '1 peer' },
  { peers: 1000, host: '10.77.0.2', title: '1000 peers' },
  { peers: 1000, host: 'server.example', title: '1000 peers with names' },
]

const configuration = (peers: number, host: string): string => {
  const lines = [
    '[Interface]',
    `PrivateKey = ${randomBytes(32).toString('base64')}`,
    'Address = 10.60.0.1/24',
  ]
  for (let i = 0; i < peers; i++)
    lines.push(
      '[Peer]',
      `PublicKey = ${randomBytes(32).toString('base64')}`,
      `Endpoint = ${host === '10.77.0.2' ? host : `peer${i}.${host}`}:${1024 + i}`,
      `AllowedIPs = 10.61.${i >> 8}.${i & 255}/32`,
    )
  return `${lines.join('\n')}\n`
}

const hosts = Array.from({ length: 1000 }, (_, i) => `10.77.0.2 peer${i}.server.example\n`).join('')
const inOwnEtc = 'cp -a /etc "$1" && cat "$2" >>"$1/hosts" && mount --bind "$1" /etc && shift 2 && exec "$@"'

const main = async (): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-follower-'))
  const spaces: Namespace[] = []
  const running: { name: string; child: ChildProcess; before?: Cost }[] = []
  try {
    const hostsPath = join(folder, 'hosts')
    writeFileSync(hostsPath, hosts)
    for (const [index, tunnel] of [...tunnels, undefined].entries()) {
      const ns = new Namespace('bench-follower')
      const other = new Namespace('bench-outside')
      spaces.push(ns, other)
      connect(
        { ns, dev: 'up0', addresses: ['10.77.0.1/24'] },
        { ns: other, dev: 'up0', addresses: ['10.77.0.2/24'] },
      )
      if (!tunnel) {
        running.push({ name: 'ip monitor', child: ns.start('ip', ['monitor', 'all']) })
        continue
      }
      const { peers, host, title } = tunnel
      const device = `wgb${index}`
      const path = join(folder, `${device}.conf`)
      writeFileSync(path, configuration(peers, host), { mode: 0o600 })
      // Hides changes that other programs make in /etc.
      const etc = join(folder, `etc${index}`)
      const child = ns.start('sh', ['-c', inOwnEtc, 'sh', etc, hostsPath, program, 'run', path])
      running.push({ name: `wgq run, ${title}`, child })
      // In its own /etc, where the names are.
      const inside = ['-t', String(child.pid), '-m', '-n', program, 'diff', path]
      const inSync = () => spawnSync('nsenter', inside).status === 0
      await until(`${device} to be up`, inSync, 120_000)
    }
    // Lets the start settle.
    await pause(30)
    for (const one of running) one.before = costOf(one.child.pid as number)
    await pause(seconds)
    const rows = running.map(({ name, child, before }) => {
      const after = costOf(child.pid as number)
      const cpuMs = after.cpuMs - (before?.cpuMs ?? 0)
      return {
        program: name,
        seconds,
        'CPU ms': cpuMs,
        'CPU %': Math.round((cpuMs / seconds / 10) * 1000) / 1000,
        'wake-ups/s': Math.round(((after.wakeUps - (before?.wakeUps ?? 0)) / seconds) * 1000) / 1000,
      }
    })
    console.table(rows)
    mkdirSync(join(root, 'bench-results'), { recursive: true })
    writeFileSync(join(root, 'bench-results/follower.json'), `${JSON.stringify(rows, null, 2)}\n`)
  } finally {
    for (const { child } of running) child.kill('SIGTERM')
    await pause(5)
    for (const ns of spaces) ns.remove()
    rmSync(folder, { recursive: true, force: true })
  }
}

const pause = (ofSeconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ofSeconds * 1000))

await main()
