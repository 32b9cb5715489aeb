// SPDX-License-Identifier: MIT
// Round-trip times through a tunnel, idle and beside a TCP stream, and the time of the first packet including the
// handshake. Arguments: RUNS (3) PINGS (1000).
import { setTimeout as pause } from 'node:timers/promises'
import type { Tunnel } from '../../test/support/tunnel.ts'
import { contestants, openTunnel } from './rig/contestants.ts'
import { run, serve } from './rig/iperf.ts'
import { collect, digits, median, quantile, report } from './rig/measure.ts'
import { roundTrips } from './rig/round-trips.ts'

const [runs = 3, pings = 1_000] = process.argv.slice(2).map(Number)

/** Removes the peer on both sides, adds it again and measures one ping. */
const first = async (tunnel: Tunnel): Promise<number> => {
  for (const [own, other] of [
    [tunnel.a, tunnel.b],
    [tunnel.b, tunnel.a],
  ] as const) {
    own.daemon.set('peer', other.keys.publicKey, 'remove')
    own.daemon.set(
      ...['peer', other.keys.publicKey, 'allowed-ips', `${other.inner.v4}/32,${other.inner.v6}/128`],
      ...['endpoint', `${other.outer.v4}:${other.port}`],
    )
  }
  return (await roundTrips(tunnel, 1))[0] ?? Number.NaN
}

const main = async (): Promise<void> => {
  const open: { name: string; tunnel: Tunnel }[] = []
  const idle: Record<string, number[]> = {}
  const loaded: Record<string, number[]> = {}
  const firsts: Record<string, number[]> = {}
  try {
    for (const implementation of contestants()) {
      const tunnel = await openTunnel(implementation)
      await serve(tunnel.b.ns)
      open.push({ name: implementation.name, tunnel })
    }
    for (let i = 0; i < runs; i++)
      for (const { name, tunnel } of open) {
        collect(idle, name, ...(await roundTrips(tunnel, pings, '-i', '0.002')))
        const stream = run(tunnel.a.ns, tunnel.b.inner.v4, 3, [])
        await pause(500)
        collect(loaded, name, ...(await roundTrips(tunnel, 200, '-i', '0.01')))
        await stream
        for (let j = 0; j < 5; j++) collect(firsts, name, await first(tunnel))
      }
    const rows = open.map(({ name }) => ({
      name,
      'idle p50 ms': digits(median(idle[name] ?? [])),
      'idle p99 ms': digits(quantile(idle[name] ?? [], 0.99)),
      'loaded p50 ms': digits(median(loaded[name] ?? [])),
      'loaded p99 ms': digits(quantile(loaded[name] ?? [], 0.99)),
      'first packet ms': digits(median(firsts[name] ?? [])),
    }))
    report('latency', rows, { runs, pings, firsts })
  } finally {
    for (const { tunnel } of open) tunnel.remove()
  }
}

await main()
