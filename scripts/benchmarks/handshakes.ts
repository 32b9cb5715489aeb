// SPDX-License-Identifier: MIT
// The cost of handshakes for the responding daemon. Many peers: handshakes per second, with a fixed number in flight so
// that the daemon is never under load and requires no cookie. One peer: only the cost of each, because the protocol
// allows one peer 50 per second (spec protocol §3.2). Arguments: RUNS (3) PEERS (1000) ROUNDS (4) SINGLE (100).

import { shakeHands } from '../../test/support/initiators.ts'
import { Lab } from '../../test/support/lab.ts'
import { contestants } from './rig/contestants.ts'
import { collect, cpuSeconds, digits, median, report } from './rig/measure.ts'

const [runs = 3, peers = 1_000, rounds = 4, single = 100] = process.argv.slice(2).map(Number)
const underWay = 8
/** More than the 20 ms that a daemon requires between initiations of one peer. */
const pauseMs = 25

interface Sample {
  readonly perSecond: number
  readonly cpuMs: number
}

const measure = async (lab: Lab, order: Parameters<typeof shakeHands>[1]): Promise<Sample> => {
  const before = cpuSeconds(lab.daemon.pid)
  const { answered, seconds } = await shakeHands(lab, order)
  const cpuMs = ((cpuSeconds(lab.daemon.pid) - before) * 1_000) / answered
  const sent = order.peers * order.rounds
  if (answered < sent * 0.98) console.error(`bench: only ${answered} of ${sent} were answered`)
  return { perSecond: answered / seconds, cpuMs }
}

/** They limit handshakes for all peers together, to some 170 a second and fewer: nothing to compare. */
const limited = new Set(['gotatun-cli', 'boringtun-cli'])
const measured = contestants().filter(({ name }) => !limited.has(name))

const many: Record<string, Sample[]> = {}
const one: Record<string, Sample[]> = {}
for (let i = 0; i < runs; i++)
  for (const implementation of measured) {
    const lab = await Lab.open({ implementation })
    try {
      collect(
        one,
        implementation.name,
        await measure(lab, { peers: 1, rounds: single, underWay: 1, pauseMs }),
      )
      collect(many, implementation.name, await measure(lab, { peers, rounds, underWay, pauseMs: 0 }))
    } finally {
      lab.remove()
    }
  }
const middle = (samples: readonly Sample[] | undefined, value: (sample: Sample) => number): number =>
  median((samples ?? []).map(value))
const rows = Object.keys(many).map((name) => ({
  name,
  'one peer, CPU ms each': digits(middle(one[name], ({ cpuMs }) => cpuMs)),
  [`${peers} peers, CPU ms each`]: digits(middle(many[name], ({ cpuMs }) => cpuMs)),
  [`${peers} peers, handshakes/s`]: Math.round(middle(many[name], ({ perSecond }) => perSecond)),
}))
report('handshakes', rows, { runs, peers, rounds, single, one, many })
