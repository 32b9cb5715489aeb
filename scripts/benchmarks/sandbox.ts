// SPDX-License-Identifier: MIT
// The cost of the system call filter: throughput, round trips and handshakes of this build with and without it
// (WGQ_SANDBOX=0), and of an older build, in one interleaved run. Arguments: RUNS (9) COMMIT (041db09), which is built
// in a temporary folder; WGQ_OLDER=DIST names an existing build.
import { join } from 'node:path'
import { wgqd } from '../../test/support/implementation.ts'
import { shakeHands } from '../../test/support/initiators.ts'
import { Lab } from '../../test/support/lab.ts'
import { Tunnel } from '../../test/support/tunnel.ts'
import { run, serve } from './rig/iperf.ts'
import { cpuSeconds, digits, median, report } from './rig/measure.ts'
import { withOlderBuild } from './rig/older-build.ts'
import { roundTrips } from './rig/round-trips.ts'

const [runsText = '9', commit = '041db09'] = process.argv.slice(2)
const runs = Number(runsText)
const seconds = 3
const pings = 500
const handshakes = { peers: 500, rounds: 2, underWay: 8, pauseMs: 0 }

interface Build {
  readonly name: string
  readonly command: string
  readonly env?: NodeJS.ProcessEnv
}

interface Sample {
  readonly gigabits: number
  readonly cpuPerGigabyte: number
  readonly roundTripMs: number
  readonly handshakeCpuMs: number
}

const headings: Readonly<Record<keyof Sample, string>> = {
  gigabits: '1 stream, Gbit/s',
  cpuPerGigabyte: 'daemons s/GB',
  roundTripMs: 'round trip ms',
  handshakeCpuMs: 'handshake, CPU ms',
}

const fields = Object.keys(headings) as (keyof Sample)[]

const measure = async ({ name, command, env = {} }: Build): Promise<Sample> => {
  const implementation = { name, command }
  const tunnel = await Tunnel.open({
    label: 'sandbox',
    implementations: [implementation, implementation],
    env,
  })
  const lab = await Lab.open({ implementation, env })
  try {
    if (!tunnel.ping()) throw new Error(`${name} does not carry a ping:\n${tunnel.a.daemon.log}`)
    await serve(tunnel.b.ns)
    const daemons = () => cpuSeconds(tunnel.a.daemon.pid) + cpuSeconds(tunnel.b.daemon.pid)
    const before = daemons()
    const flow = await run(tunnel.a.ns, tunnel.b.inner.v4, seconds, [])
    const cpuPerGigabyte = (daemons() - before) / (flow.bytes / 1e9)
    const roundTripMs = median(await roundTrips(tunnel, pings, '-i', '0.002'))
    const lent = cpuSeconds(lab.daemon.pid)
    const { answered } = await shakeHands(lab, handshakes)
    const handshakeCpuMs = ((cpuSeconds(lab.daemon.pid) - lent) * 1000) / answered
    return { gigabits: flow.bitsPerSecond / 1e9, cpuPerGigabyte, roundTripMs, handshakeCpuMs }
  } finally {
    tunnel.remove()
    lab.remove()
  }
}

await withOlderBuild(commit, async (older) => {
  const builds: readonly Build[] = [
    { name: 'with the filter', command: wgqd.command },
    { name: 'without (WGQ_SANDBOX=0)', command: wgqd.command, env: { WGQ_SANDBOX: '0' } },
    { name: `build of ${commit}`, command: join(older, 'bin/wgqd') },
  ]
  const samples = builds.map((): Sample[] => [])
  for (let round = 0; round < runs; round++)
    // A different build is first in each round.
    for (let turn = 0; turn < builds.length; turn++) {
      const which = (round + turn) % builds.length
      samples[which]?.push(await measure(builds[which] as Build))
    }
  const rows = builds.map(({ name }, which) => {
    const column = (field: keyof Sample): string => {
      const values = (samples[which] ?? []).map((sample) => sample[field])
      // Ratios within one round: other load on the machine affected both.
      const ratios = values.map((value, round) => value / (samples[0]?.[round]?.[field] ?? Number.NaN))
      return which === 0
        ? `${digits(median(values))}`
        : `${digits(median(values))} (${digits(median(ratios))})`
    }
    return { name, ...Object.fromEntries(fields.map((field) => [headings[field], column(field)])) }
  })
  report('sandbox', rows, { runs, seconds, pings, handshakes, samples })
})
