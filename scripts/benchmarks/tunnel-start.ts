// SPDX-License-Identifier: MIT
// The cost of `up` and `down` of a small tunnel on each release of Node: CPU time of all processes, including the data
// plane until 150 ms after `up`, and wall time; interleaved, medians. Compared with wg-quick and wireguard-go if
// installed, with and without the compile cache, and with an older build (WGQ_OLDER=DIST). Arguments: RUNS (9).
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Namespace } from '../../test/support/netns.ts'
import { PrivateRun, whyNoPrivateRun } from '../../test/support/private-run.ts'
import { makeTextKeys } from '../../test/support/tunnel.ts'
import { digits, median, report } from './rig/measure.ts'
import { type Cost, type Start, starts, timed } from './rig/starts.ts'

const [runs = 9] = process.argv.slice(2).map(Number)
/** How long the data plane stays busy after `up`. */
const settleMs = 150

interface Costs {
  readonly up: number[]
  readonly wall: number[]
  readonly down: number[]
}

const debian = { label: 'none: wg-quick with wireguard-go', build: 'now', bin: '/usr/bin' } as const

const main = async (): Promise<void> => {
  const why = whyNoPrivateRun()
  if (why) throw new Error(why)
  const place = new PrivateRun()
  const ns = new Namespace('start')
  const costs = new Map<string, Costs>()
  try {
    ns.run('ip', 'link', 'set', 'lo', 'up')
    const conf = join(place.work, 'start0.conf')
    const [own, peer] = [makeTextKeys(), makeTextKeys()]
    writeFileSync(
      conf,
      `[Interface]\nPrivateKey = ${own.privateKey}\nAddress = 10.9.9.2/24\n[Peer]\nPublicKey = ${peer.publicKey}\nAllowedIPs = 10.9.9.0/24\nEndpoint = 127.0.0.1:9\n`,
      { mode: 0o600 },
    )
    const all: Partial<Start>[] = [
      ...(existsSync('/usr/bin/wg-quick') ? [debian] : []),
      ...starts(place.work),
    ]
    // The first round is not counted; it fills the compile cache.
    for (let run = 0; run <= runs; run++)
      for (const one of all) {
        const up = await must(place, ns, one, 'up', conf)
        await sleep(settleMs)
        const upMs = up.cpuMs + livingCpuMs(ns)
        const down = await must(place, ns, one, 'down', conf)
        await sleep(settleMs)
        if (run === 0) continue
        const cost = costs.get(nameOf(one)) ?? { up: [], wall: [], down: [] }
        costs.set(nameOf(one), cost)
        cost.up.push(upMs)
        cost.wall.push(up.wallMs)
        cost.down.push(down.cpuMs)
      }
  } finally {
    ns.remove()
    place.remove()
  }
  const labels = new Set([...costs.keys()].map((name) => name.split('|')[0] ?? ''))
  report(
    'tunnel-start',
    [...labels].map((label) => rowOf(label, (build) => costs.get(`${label}|${build}`))),
    Object.fromEntries(costs),
  )
}

const nameOf = ({ label, build }: Partial<Start>): string => `${label}|${build}`

/** CPU of `before → now, kept`, the ratios of the last two to the first, and wall time of `now, kept`; in milliseconds. */
const rowOf = (label: string, of: (build: Start['build']) => Costs | undefined) => {
  const [before, now, kept] = [of('before'), of('now'), of('kept')]
  const ms = (values: readonly number[] | undefined) => (values ? String(Math.round(median(values))) : '')
  const ratio = (values: readonly number[] | undefined, old: readonly number[] | undefined) =>
    values && old ? String(digits(median(values.map((value, index) => value / (old[index] ?? 1))))) : ''
  const list = (...texts: string[]) => texts.filter((text) => text !== '').join(', ')
  const columns = (verb: 'up' | 'down') => ({
    [`${verb}: before`]: ms(before?.[verb]),
    [`${verb}: now, kept`]: list(ms(now?.[verb]), ms(kept?.[verb])),
    [`${verb}: ratios`]: list(ratio(now?.[verb], before?.[verb]), ratio(kept?.[verb], before?.[verb])),
  })
  return {
    Node: label.replace(/^Node /, ''),
    ...columns('up'),
    'up, wall: now, kept': list(ms(now?.wall), ms(kept?.wall)),
    ...columns('down'),
  }
}

/** CPU time (of ended processes) and wall time of one verb. */
const must = async (
  place: PrivateRun,
  ns: Namespace,
  one: Partial<Start>,
  verb: string,
  conf: string,
): Promise<Cost> => {
  const program = join(one.bin ?? '', one === debian ? 'wg-quick' : 'wgq')
  const env = one === debian ? { WG_QUICK_USERSPACE_IMPLEMENTATION: 'wireguard-go' } : {}
  const cost = await timed(place, ns.name, one, [program, verb, conf], { env })
  if (!cost) throw new Error(`${program} ${verb} fails`)
  return cost
}

/** CPU time of the processes that run in the namespace. */
const livingCpuMs = (ns: Namespace): number =>
  ns
    .pids()
    .flatMap((pid) => readdirSync(`/proc/${pid}/task`).map((id) => `/proc/${pid}/task/${id}/schedstat`))
    .reduce((sum, file) => sum + Number(readFileSync(file, 'latin1').split(' ')[0]) / 1e6, 0)

await main()
