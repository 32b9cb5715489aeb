// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'
import { isWgqError } from '@wgq/model/error'
import { describe, expect, it } from 'vitest'
import { readAddress } from './address.ts'
import { Exchange } from './exchange.ts'
import { getLink, readLink } from './link.ts'
import { type Message, messagesOf } from './message-reader.ts'
import { readAcknowledgement, readDone } from './refusal.ts'
import { ReplaySocket, withSequence } from './replay-socket.ts'
import { listRoutes, readRoute } from './route.ts'
import { readRule } from './rule.ts'
import { readWireguard } from './wireguard.ts'
import { WireguardGet } from './wireguard-get.ts'

const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8'))

/** Recorded answers of the kernel. */
const corpus: Buffer[] = [
  ...(Object.values(fixture('rtnetlink.json')) as string[][]).flat(),
  ...(fixture('wg-netlink.json') as { 'kernel-reply.hex'?: string }[]).flatMap((one) =>
    (one['kernel-reply.hex'] ?? '').split('\n').filter(Boolean),
  ),
].map((hex) => Buffer.from(hex, 'hex'))

/** A small generator, so that a failure can be repeated (mulberry32). */
const random = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return (t ^ (t >>> 14)) >>> 0
}

const interesting = [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 0x7f, 0x80, 0xfe, 0xff]

/** One to four bytes changed, sometimes cut short or made longer. */
const mutate = (source: Buffer, next: () => number): Buffer => {
  const copy = Buffer.from(source)
  for (let changes = 1 + (next() & 3); changes > 0; changes--) {
    const at = next() % copy.length
    copy[at] = next() & 1 ? (interesting[next() % interesting.length] as number) : next() & 0xff
  }
  const shape = next() & 15
  if (shape === 0) return copy.subarray(0, next() % copy.length)
  if (shape === 1) return Buffer.concat([copy, copy.subarray(0, next() % copy.length)])
  return copy
}

const readers: readonly ((message: Message) => unknown)[] = [
  readLink,
  readAddress,
  readRoute,
  readRule,
  readAcknowledgement,
  readDone,
  (message) => {
    const device = new WireguardGet('wg0')
    device.read(message)
    return device.finish()
  },
]

/** Runs `act`; any error but a WgqError is a bug. Returns whether it raised one. */
const refused = (act: () => void, what: () => string): boolean => {
  try {
    act()
    return false
  } catch (error) {
    if (isWgqError(error)) return true
    throw new Error(`${String(error)} for ${what()}`, { cause: error })
  }
}

describe('answers that are not what the kernel says', () => {
  // Twenty seconds of CPU time, longer on a busy machine.
  it('raise a WgqError or are read, a million times', { timeout: 1_800_000 }, () => {
    const next = random(1)
    let read = 0
    for (let round = 0; round < 1_000_000; round++) {
      const datagram = mutate(corpus[next() % corpus.length] as Buffer, next)
      const reader = readers[next() % readers.length] as (message: Message) => unknown
      const all = (): void => {
        for (const message of messagesOf(datagram)) reader(message)
      }
      if (!refused(all, () => `round ${round}: ${datagram.toString('hex')}`)) read++
    }
    // Both outcomes must be frequent, or the mutations are too weak or too strong.
    expect(read).toBeGreaterThan(100_000)
    expect(read).toBeLessThan(900_000)
  })

  it('never make an exchange hang or fail otherwise', async () => {
    const next = random(2)
    for (let round = 0; round < 20_000; round++) {
      let answers = 0
      const socket = new ReplaySocket(({ sequence }) => {
        // Limits how often the kernel reports an interrupted dump.
        if (++answers > 8) return []
        const some = Array.from({ length: 1 + (next() % 3) }, () => corpus[next() % corpus.length] as Buffer)
        return some.map((one) => mutate(withSequence(one, sequence), next))
      })
      const exchange = new Exchange(socket)
      const questions = [
        () => readWireguard(exchange, 'wg0'),
        () => listRoutes(exchange, { family: 4, table: 0 }),
        () => getLink(exchange, 'wg0'),
        () => exchange.batch([{ type: 24, flags: 0, fill: () => {} }]),
      ]
      const error = await (questions[round % questions.length] as () => Promise<unknown>)().then(
        () => undefined,
        (caught: unknown) => caught,
      )
      if (error !== undefined && !isWgqError(error)) throw error
    }
    expect(next()).toBeGreaterThan(0)
  })
})
