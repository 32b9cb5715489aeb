// SPDX-License-Identifier: MIT
// Peak memory of the daemon (VmHWM) while sixteen clients abuse its configuration socket, each case with a new daemon,
// wgqd and wireguard-go in turn. `daemon-memory [SECONDS [PEERS]]`: how long each case lasts (5) and how many peers a
// request sets (5000).
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Daemon } from '../../test/support/daemon.ts'
import { type Implementation, wgqd, wireguardGo } from '../../test/support/implementation.ts'
import { Namespace } from '../../test/support/netns.ts'

const root = join(import.meta.dirname, '../..')
const [seconds = 5, peers = 5000] = process.argv.slice(2).map(Number)
const built = process.env['WGQ_DIST']
const ours: Implementation = built ? { ...wgqd, command: join(built, 'bin/wgqd') } : wgqd
const clients = 16

// What each client sends repeatedly on new connections; `text` runs in a separate process.
const cases: Readonly<Record<string, string>> = {
  'nothing is asked': `undefined`,
  'sets with the same peers': `'set=1\\nreplace_peers=true\\n' + peers(0) + '\\n'`,
  'sets with other peers each time': `'set=1\\nreplace_peers=true\\n' + peers(number * 1000003) + '\\n'`,
  'sets and a reply that nobody reads': `'set=1\\nreplace_peers=true\\n' + peers(0) + '\\nget=1\\n\\n'`,
  'replies that nobody reads': `number === 0 ? 'set=1\\n' + peers(0) + '\\n' : 'get=1\\n\\n'`,
  'sets that do not end': `'set=1\\n' + peers(0)`,
  'lines that do not end': `'a'.repeat(1e6)`,
}

const client = (text: string) => `
const { connect } = require('node:net')
const [path, count, peerCount] = [process.argv[1], Number(process.argv[2]), Number(process.argv[3])]
const peers = (first) => Array.from({ length: peerCount }, (_, index) =>
  'public_key=' + (first + index).toString(16).padStart(64, '0') + '\\nendpoint=192.0.2.1:51820\\nallowed_ip=10.'
    + ((index >> 16) & 255) + '.' + ((index >> 8) & 255) + '.' + (index & 255) + '/32\\nallowed_ip=fd00::' + index.toString(16) + '/128\\n').join('')
let number = 0
const come = () => {
  const text = ${text}
  number++
  if (text === undefined) return
  const reads = text.startsWith('set') && !text.endsWith('get=1\\n\\n') && text.endsWith('\\n\\n')
  const socket = connect(path, () => socket.write(text))
  const over = () => { socket.destroy(); again() }
  let open = true
  const again = () => { if (open) { open = false; setTimeout(come, 1) } }
  if (reads) socket.on('data', over); else { socket.pause(); setTimeout(over, 300) }
  socket.on('error', again)
  socket.on('close', again)
}
for (let i = 0; i < count; i++) come()
`

/** Bytes of the largest resident memory so far. */
const peak = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024

const net = new Namespace('bench-memory')
const rows: object[] = []
try {
  for (const [name, text] of Object.entries(cases))
    for (const implementation of [ours, wireguardGo]) {
      const daemon = await Daemon.start(net, { implementation })
      const crowd = spawn(
        process.execPath,
        ['-e', client(text), daemon.socket, String(clients), String(peers)],
        { stdio: ['ignore', 'ignore', 'inherit'] },
      )
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
      crowd.kill('SIGKILL')
      rows.push({
        clients: name,
        daemon: implementation.name,
        'peak MB': Math.round(peak(daemon.pid) / 1e6),
        'CPU s': daemon.usage().cpuSeconds,
      })
      await daemon.stop('SIGKILL')
    }
} finally {
  net.remove()
}
console.table(rows)
mkdirSync(join(root, 'bench-results'), { recursive: true })
writeFileSync(
  join(root, 'bench-results/daemon-memory.json'),
  `${JSON.stringify({ seconds, peers, clients, rows }, null, 2)}\n`,
)
