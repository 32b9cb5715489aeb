// SPDX-License-Identifier: MIT
// TCP through a tunnel between two namespaces: 1, 4 and 16 streams, both directions, with CPU time and memory.
// Arguments: RUNS (3) SECONDS (4). Runs are interleaved, results are medians; both daemons share the machine's cores.
import { connect, Namespace } from '../../test/support/netns.ts'
import type { Tunnel } from '../../test/support/tunnel.ts'
import { contestants, openTunnel } from './rig/contestants.ts'
import { run, serve } from './rig/iperf.ts'
import { collect, digits, median, report, systemCpuSeconds } from './rig/measure.ts'

const [runs = 3, seconds = 4] = process.argv.slice(2).map(Number)
const shapes: Record<string, readonly string[]> = {
  '1 stream': ['-P', '1'],
  '4 streams': ['-P', '4'],
  '16 streams': ['-P', '16'],
  reverse: ['-P', '1', '-R'],
}

interface Sample {
  readonly gigabits: number
  readonly daemonPerGigabyte: number
  readonly systemPerGigabyte: number
}

const bare = async () => {
  const [a, b] = [new Namespace('benchrawa'), new Namespace('benchrawb')]
  connect(
    { ns: a, dev: 'veth0', addresses: ['10.76.0.1/24'] },
    { ns: b, dev: 'veth0', addresses: ['10.76.0.2/24'] },
  )
  await serve(b)
  return { a, b }
}

const sample = async (
  from: Namespace,
  address: string,
  args: readonly string[],
  tunnel?: Tunnel,
): Promise<Sample> => {
  const daemons = () => (tunnel ? tunnel.a.daemon.usage().cpuSeconds + tunnel.b.daemon.usage().cpuSeconds : 0)
  const before = { daemons: daemons(), system: systemCpuSeconds() }
  const flow = await run(from, address, seconds, args)
  const gigabytes = flow.bytes / 1e9
  return {
    gigabits: flow.bitsPerSecond / 1e9,
    daemonPerGigabyte: (daemons() - before.daemons) / gigabytes,
    systemPerGigabyte: (systemCpuSeconds() - before.system) / gigabytes,
  }
}

const main = async (): Promise<void> => {
  const raw = await bare()
  const open: { name: string; tunnel: Tunnel }[] = []
  const samples: Record<string, Record<string, Sample[]>> = { 'no tunnel': {} }
  try {
    for (const implementation of contestants()) {
      const tunnel = await openTunnel(implementation)
      await serve(tunnel.b.ns)
      open.push({ name: implementation.name, tunnel })
      samples[implementation.name] = {}
    }
    for (let i = 0; i < runs; i++)
      for (const [shape, args] of Object.entries(shapes)) {
        const add = async (name: string, one: Promise<Sample>) => {
          const byShape = samples[name] ?? {}
          samples[name] = byShape
          collect(byShape, shape, await one)
        }
        await add('no tunnel', sample(raw.a, '10.76.0.2', args))
        for (const { name, tunnel } of open)
          await add(name, sample(tunnel.a.ns, tunnel.b.inner.v4, args, tunnel))
      }
    const rows = Object.entries(samples).map(([name, byShape]) => {
      const tunnel = open.find((one) => one.name === name)?.tunnel
      const of = (shape: string, field: keyof Sample) =>
        digits(median((byShape[shape] ?? []).map((one) => one[field])))
      const ofEach = (field: keyof Sample) =>
        Object.keys(shapes)
          .map((shape) => of(shape, field))
          .join(' / ')
      return {
        name,
        ...Object.fromEntries(
          Object.keys(shapes).map((shape) => [`${shape}, Gbit/s`, of(shape, 'gigabits')]),
        ),
        'daemons s/GB': tunnel ? ofEach('daemonPerGigabyte') : '0',
        'system s/GB': ofEach('systemPerGigabyte'),
        'RSS MB': tunnel ? Math.round(tunnel.b.daemon.usage().rssBytes / 1e6) : 0,
      }
    })
    report('throughput', rows, { runs, seconds, samples })
  } finally {
    for (const { tunnel } of open) tunnel.remove()
    raw.a.remove()
    raw.b.remove()
  }
}

await main()
