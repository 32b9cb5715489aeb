// SPDX-License-Identifier: MIT
// Where a tunnel spends its time: perf(1) samples every core while one TCP stream crosses two of our daemons. Prints
// CPU microseconds per packet by thread and stage. Arguments: SECONDS (5). Needs perf (Debian: linux-perf).
// WGQ_TEST_DAEMON=PATH names another build of wgqd.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { subject } from '../../test/support/implementation.ts'
import { openTunnel } from './rig/contestants.ts'
import { run, serve } from './rig/iperf.ts'
import { digits, report } from './rig/measure.ts'

const [seconds = 5] = process.argv.slice(2).map(Number)
const samplesPerSecond = 999
/** Bytes of TCP payload in one packet of the tunnel: MTU 1420, IPv4 and TCP with timestamps. */
const payloadBytes = 1_368

/** The stage that a sample belongs to: the first whose pattern is found in its stack, innermost frame first. */
const stages: readonly (readonly [string, RegExp])[] = [
  ['ChaCha20', /ChaCha20/i],
  ['Poly1305', /poly1305/i],
  ['read from the TUN', /do_readv|vfs_readv/],
  ['send over UDP', /__sys_sendm/],
  ['receive over UDP', /do_recvmmsg/],
  ['write to the TUN', /do_writev|vfs_writev/],
  ['split and checksum', /Segmenter|checksum_copy/],
  ['check and merge', /TunWriter|checksum_add/],
  ['wait', /do_sys_poll|__poll|schedule/],
]
const threads = new Map([
  ['wgq tun>udp', 'sending'],
  ['wgq udp>tun', 'receiving'],
  ['iperf3', 'iperf3'],
])

/** Counts samples by `thread: stage` in the output of `perf script -F comm,ip,sym`. Idle samples are left out. */
const classify = (script: string): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const sample of script.split('\n\n')) {
    const [head = '', ...frames] = sample.trim().split('\n')
    const command = head.trim()
    if (!command || command.startsWith('swapper')) continue
    const stack = frames.join('\n')
    const thread = threads.get(command) ?? 'others'
    const known = thread === 'sending' || thread === 'receiving'
    const found = stages.find(([, pattern]) => pattern.test(stack))?.[0] ?? 'the rest'
    // Both directions checksum with one function.
    const own = thread === 'sending' && found === 'check and merge' ? 'split and checksum' : found
    const stage = known ? own : 'all'
    const key = `${thread}: ${stage}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

const folder = mkdtempSync(join(tmpdir(), 'wgq-profile-'))
const tunnel = await openTunnel(subject)
try {
  await serve(tunnel.b.ns)
  const data = join(folder, 'perf.data')
  const record = spawn(
    'perf',
    ['record', '-q', '-a', '-g', '-F', String(samplesPerSecond), '-o', data, '--', 'sleep', String(seconds)],
    { stdio: 'ignore' },
  )
  const recorded = new Promise<void>((resolve, reject) => {
    record.on('error', () => reject(new Error('perf is not installed (Debian: apt-get install linux-perf)')))
    record.on('exit', () => resolve())
  })
  const [flow] = await Promise.all([run(tunnel.a.ns, tunnel.b.inner.v4, seconds, []), recorded])
  const script = spawnSync('perf', ['script', '-i', data, '-F', 'comm,ip,sym'], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  })
  if (script.status !== 0) throw new Error(`perf script: ${script.stderr}`)
  const packets = flow.bytes / payloadBytes
  const rows = [...classify(script.stdout)]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([where, count]) => {
      const cpuSeconds = count / samplesPerSecond
      return {
        where,
        'us per packet': digits((cpuSeconds * 1e6) / packets),
        's/GB': digits((cpuSeconds * 1e9) / flow.bytes),
      }
    })
  report('profile', rows, { seconds, gigabits: flow.bitsPerSecond / 1e9, packets, payloadBytes })
} finally {
  tunnel.remove()
  rmSync(folder, { recursive: true })
}
