// SPDX-License-Identifier: MIT
// Small datagrams through a tunnel: packets per second received in a flood, and the highest rate without loss.
// Arguments: RUNS (3) SECONDS (2).
import type { Tunnel } from '../../test/support/tunnel.ts'
import { contestants, openTunnel } from './rig/contestants.ts'
import { run, serve } from './rig/iperf.ts'
import { collect, digits, median, report } from './rig/measure.ts'

const [runs = 3, seconds = 2] = process.argv.slice(2).map(Number)
const sizes = [64, 512, 1_372]
/** Share of lost packets that still counts as none: iperf3 itself loses a few when it starts. */
const none = 0.001

/** Raises the rate by a quarter until packets get lost three times in a row, because other work on the machine loses
 *  some too; returns the last rate without loss in packets per second. */
const highestWithoutLoss = async (tunnel: Tunnel, size: number): Promise<number> => {
  let best = 0
  for (let rate = 5_000; rate < 1_000_000; rate *= 1.25) {
    let clean = 0
    for (let attempt = 0; attempt < 3 && !clean; attempt++) {
      const flow = await run(tunnel.a.ns, tunnel.b.inner.v4, 1, [
        ...['-u', '-l', String(size), '-b', String(Math.round(rate * size * 8))],
      ])
      if (flow.lostShare <= none && flow.packets > rate * 0.9) clean = flow.packets
    }
    if (!clean) return best
    best = clean
  }
  return best
}

const main = async (): Promise<void> => {
  const open: { name: string; tunnel: Tunnel }[] = []
  const floods: Record<string, number[]> = {}
  const clean: Record<string, number[]> = {}
  try {
    for (const implementation of contestants()) {
      const tunnel = await openTunnel(implementation)
      await serve(tunnel.b.ns)
      open.push({ name: implementation.name, tunnel })
    }
    for (let i = 0; i < runs; i++)
      for (const size of sizes)
        for (const { name, tunnel } of open) {
          const flow = await run(tunnel.a.ns, tunnel.b.inner.v4, seconds, [
            '-u',
            '-l',
            String(size),
            '-b',
            '0',
          ])
          collect(floods, `${name}, ${size}`, flow.packets / seconds)
          collect(clean, `${name}, ${size}`, await highestWithoutLoss(tunnel, size))
        }
    const rows = Object.keys(floods).map((name) => ({
      'name, bytes': name,
      'flood, packets/s received': digits(median(floods[name] ?? [])),
      'without loss, packets/s': digits(median(clean[name] ?? [])),
    }))
    report('udp', rows, { runs, seconds, floods, clean })
  } finally {
    for (const { tunnel } of open) tunnel.remove()
  }
}

await main()
