// SPDX-License-Identifier: MIT
// Small datagrams through a tunnel: packets per second received in a flood, and the highest rate without loss.
// Arguments: RUNS (3) SECONDS (2).
import type { Tunnel } from '../../test/support/tunnel.ts'
import { contestants, openTunnel } from './rig/contestants.ts'
import { run, serve } from './rig/iperf.ts'
import { collect, digits, median, report } from './rig/measure.ts'

const [runs = 3, seconds = 2] = process.argv.slice(2).map(Number)
const sizes = [64, 512, 1_372]
/** Share of lost packets that still counts as no loss: iperf3 itself loses a few at its start. */
const none = 0.001

/** Whether a rate passes without loss in one of two tries: other load on the machine causes loss too. */
const clean = async (tunnel: Tunnel, size: number, rate: number): Promise<boolean> => {
  for (let attempt = 0; attempt < 2; attempt++) {
    const flow = await run(tunnel.a.ns, tunnel.b.inner.v4, 1, [
      ...['-u', '-l', String(size), '-b', String(Math.round(rate * size * 8))],
    ])
    if (flow.lostShare <= none && flow.packets > rate * 0.9) return true
  }
  return false
}

/** The highest rate without loss in packets per second: doubled from 10,000 until something is lost, then narrowed down
 *  to a tenth. */
const highestWithoutLoss = async (tunnel: Tunnel, size: number): Promise<number> => {
  let [low, high] = [0, 10_000]
  for (; high < 1_000_000 && (await clean(tunnel, size, high)); high *= 2) low = high
  while (low > 0 && high / low > 1.1) {
    const middle = Math.round(Math.sqrt(low * high))
    if (await clean(tunnel, size, middle)) low = middle
    else high = middle
  }
  return low
}

const main = async (): Promise<void> => {
  const open: { name: string; tunnel: Tunnel }[] = []
  const floods: Record<string, number[]> = {}
  const lossless: Record<string, number[]> = {}
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
          collect(lossless, `${name}, ${size}`, await highestWithoutLoss(tunnel, size))
        }
    const rows = Object.keys(floods).map((name) => ({
      'name, bytes': name,
      'flood, packets/s received': digits(median(floods[name] ?? [])),
      'without loss, packets/s': digits(median(lossless[name] ?? [])),
    }))
    report('udp', rows, { runs, seconds, floods, lossless })
  } finally {
    for (const { tunnel } of open) tunnel.remove()
  }
}

await main()
