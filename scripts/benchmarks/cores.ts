// SPDX-License-Identifier: MIT
// Estimates the gain of more cores from the profile of this machine: simulates the engine's ordered queue with the
// measured cost of each stage, and N independent queues for comparison. Run `scripts/bench profile` first. No
// arguments.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { workspace } from '../../test/support/workspace.ts'
import { digits, report } from './rig/measure.ts'
import { type QueueCosts, queueBatchesPerSecond } from './rig/queue-simulation.ts'

interface Profile {
  readonly rows: readonly { readonly where: string; readonly 'us per packet': number }[]
  readonly measured: { readonly payloadBytes: number }
}

const read = (): Profile => {
  try {
    return JSON.parse(readFileSync(join(workspace, 'bench-results/profile.json'), 'utf8'))
  } catch {
    throw new Error('bench-results/profile.json is missing: run scripts/bench profile first')
  }
}

const { rows: stages, measured } = read()
/** Packets in one TCP super-packet, which crosses the TUN and the socket as a whole. */
const packetsPerBatch = 46
const microseconds = (...names: string[]): number =>
  packetsPerBatch *
  stages.filter(({ where }) => names.includes(where)).reduce((sum, row) => sum + row['us per packet'], 0)

const sending: QueueCosts = {
  produce: microseconds('sending: read from the TUN', 'sending: split and checksum', 'sending: the rest'),
  work: microseconds('sending: ChaCha20', 'sending: Poly1305'),
  finish: microseconds('sending: send over UDP'),
}
const receiving: QueueCosts = {
  produce: microseconds('receiving: receive over UDP'),
  work: microseconds('receiving: ChaCha20', 'receiving: Poly1305'),
  finish: microseconds('receiving: check and merge', 'receiving: write to the TUN', 'receiving: the rest'),
}
const gigabits = (batchesPerSecond: number): number =>
  (batchesPerSecond * packetsPerBatch * measured.payloadBytes * 8) / 1e9
const alone = (costs: QueueCosts): number => 1e6 / (costs.produce + costs.work + costs.finish)

const rows = [2, 3, 4, 6, 8, 16, 32].map((threads) => {
  // One direction under load: the other direction's thread is almost idle.
  const helpers = threads - 2
  const out = helpers === 0 ? alone(sending) : queueBatchesPerSecond(sending, helpers)
  const into = helpers === 0 ? alone(receiving) : queueBatchesPerSecond(receiving, helpers)
  return {
    threads,
    'sending, Gbit/s': digits(gigabits(out)),
    'receiving, Gbit/s': digits(gigabits(into)),
    'one peer, Gbit/s': digits(gigabits(Math.min(out, into))),
    'queues, as many peers, Gbit/s': digits(
      gigabits(Math.min(alone(sending), alone(receiving)) * (threads / 2)),
    ),
  }
})
console.log('µs per batch:', { sending, receiving })
report('cores', rows, { packetsPerBatch, sending, receiving })
