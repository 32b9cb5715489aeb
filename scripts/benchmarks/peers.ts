// SPDX-License-Identifier: MIT
// Many peers: time and memory of `wg setconf`, `syncconf`, `show` and `show dump` with N peers of three allowed IPs
// each, ours and the installed wg, on our daemon and on wireguard-go if installed. `peers [N…]`, by default 1000 5000
// 20000.
import { type ChildProcess, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Namespace, until } from '../../test/support/netns.ts'
import { PrivateRun } from '../../test/support/private-run.ts'

const root = join(import.meta.dirname, '../..')
const dist = process.env['WGQ_DIST'] ?? join(root, 'dist')
const counts = process.argv.slice(2).map(Number)
const device = 'wgb0'

/** A file of `count` peers with distinct keys and prefixes. */
const configuration = (count: number): string => {
  const lines = ['[Interface]', `PrivateKey = ${randomBytes(32).toString('base64')}`]
  for (let i = 0; i < count; i++) {
    const [high, middle, low] = [(i >> 16) & 255, (i >> 8) & 255, i & 255]
    lines.push(
      '[Peer]',
      `PublicKey = ${randomBytes(32).toString('base64')}`,
      `Endpoint = 192.0.2.${1 + (i % 250)}:${1024 + (i % 60000)}`,
      `AllowedIPs = 10.${high}.${middle}.${low}/32, 11.${high}.${middle}.${low}/32, fd00::${middle.toString(16)}:${i.toString(16)}/128`,
    )
  }
  return `${lines.join('\n')}\n`
}

const main = async (): Promise<void> => {
  const rows: object[] = []
  const net = new Namespace('bench-peers')
  const place = new PrivateRun()
  // Prints the peak resident memory (KiB) after the program's own output.
  const probe = join(place.root, 'peak.cjs')
  writeFileSync(
    probe,
    "process.on('exit', () => require('node:fs').writeSync(2, 'peak ' + process.resourceUsage().maxRSS + '\\n'))\n",
  )
  const tools: Record<string, string[]> = {
    wgq: [process.execPath, '-r', probe, join(dist, 'lib/wgq.cjs'), 'wg'],
    ...(existsSync('/usr/bin/wg') && { 'installed wg': ['/usr/bin/wg'] }),
  }
  const daemons: Record<string, string> = {
    ...(existsSync(join(dist, 'lib/wgqd.cjs')) && { wgqd: join(dist, 'bin/wgqd') }),
    ...(spawnSync('sh', ['-c', 'command -v wireguard-go']).status === 0 && {
      'wireguard-go': 'wireguard-go',
    }),
  }
  for (const count of counts.length > 0 ? counts : [1000, 5000, 20000]) {
    writeFileSync(join(place.work, 'peers.conf'), configuration(count))
    for (const [daemon, command] of Object.entries(daemons)) {
      for (const [tool, words] of Object.entries(tools)) {
        const child = place.start([command, '-f', device], net.name)
        try {
          await until('the daemon', () => existsSync(join(place.sockets, `${device}.sock`)), 20_000)
          for (const args of [['setconf'], ['syncconf'], ['show', 'dump'], ['show']]) {
            const [verb = '', field] = args
            const file = verb === 'show' ? (field === undefined ? [] : [field]) : ['peers.conf']
            const timed = ['bash', '--norc', '-c', 'TIMEFORMAT="%R %U %S"; time "$@"', 'bash']
            const ran = await place.run([...timed, ...words, verb, device, ...file], { netns: net.name })
            const [wall = 0, user = 0, system = 0] = (ran.stderr.trim().split('\n').at(-1) ?? '')
              .split(' ')
              .map(Number)
            const peak = Number(/peak ([0-9]+)/.exec(ran.stderr)?.[1] ?? Number.NaN)
            rows.push({
              peers: count,
              daemon,
              tool,
              command: args.join(' '),
              'CPU s': Math.round((user + system) * 100) / 100,
              'wall s': Math.round(wall * 100) / 100,
              'peak MB': Number.isNaN(peak) ? '' : Math.round(peak / 1024),
              status: ran.status,
              lines: ran.stdout.split('\n').length - 1,
            })
          }
        } finally {
          await ended(child)
        }
      }
    }
  }
  net.remove()
  place.remove()
  console.table(rows)
  mkdirSync(join(root, 'bench-results'), { recursive: true })
  writeFileSync(join(root, 'bench-results/peers.json'), `${JSON.stringify(rows, null, 2)}\n`)
}

/** Ends a daemon and waits until it has exited: the next one uses the same name. */
const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.on('exit', () => resolve())
    child.kill('SIGTERM')
  })

await main()
