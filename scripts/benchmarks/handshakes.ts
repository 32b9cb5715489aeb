// SPDX-License-Identifier: MIT
// Handshakes per second that a daemon answers: initiations of many peers, made in advance, a fixed number under way at any
// time so that it is never under load and asks for no cookie. Arguments: RUNS (3) PEERS (300) ROUNDS (10).
import { Lab } from '../../test/support/lab.ts'
import { initiate, makeKeys, messageType, tai64n } from '../../test/support/noise.ts'
import { UdpPort } from '../../test/support/udp-port.ts'
import { contestants } from './rig/contestants.ts'
import { collect, digits, median, report } from './rig/measure.ts'

const [runs = 3, peers = 300, rounds = 10] = process.argv.slice(2).map(Number)
const underWay = 8

const measure = async (lab: Lab): Promise<{ perSecond: number; cpuMs: number }> => {
  const keys = Array.from({ length: peers }, makeKeys)
  lab.daemon.setconf(
    keys.map((one) => `[Peer]\nPublicKey = ${one.publicKey.toString('base64')}\n`).join(''),
    'addconf',
  )
  const messages: Buffer[] = []
  for (let round = 0; round < rounds; round++)
    for (const one of keys)
      messages.push(
        initiate(one, lab.keys.publicKey, { timestamp: tai64n(BigInt(1_700_000_000 + round) * 10n ** 9n) })
          .message,
      )
  const port = await UdpPort.open(lab.outside, '10.78.0.2')
  const to = { address: '10.78.0.1', port: lab.port }
  const cpu = lab.daemon.usage().cpuSeconds
  const start = performance.now()
  let answered = 0
  const one = async (): Promise<void> => {
    for (let next = messages.pop(); next; next = messages.pop()) {
      const index = next.readUInt32LE(4)
      port.send(to, next)
      const response = await port.next(
        1_000,
        ({ data }) => data.readUInt32LE() === messageType.response && data.readUInt32LE(8) === index,
      )
      if (response) answered++
    }
  }
  messages.reverse()
  await Promise.all(Array.from({ length: underWay }, one))
  const seconds = (performance.now() - start) / 1_000
  port.close()
  if (answered < peers * rounds * 0.98)
    console.error(`bench: only ${answered} of ${peers * rounds} were answered`)
  return { perSecond: answered / seconds, cpuMs: ((lab.daemon.usage().cpuSeconds - cpu) * 1_000) / answered }
}

const results: Record<string, { perSecond: number; cpuMs: number }[]> = {}
for (let i = 0; i < runs; i++)
  for (const implementation of contestants()) {
    const lab = await Lab.open({ implementation })
    try {
      collect(results, implementation.name, await measure(lab))
    } finally {
      lab.remove()
    }
  }
const rows = Object.entries(results).map(([name, samples]) => ({
  name,
  'handshakes/s as responder': Math.round(median(samples.map((one) => one.perSecond))),
  'CPU ms each': digits(median(samples.map((one) => one.cpuMs))),
}))
report('handshakes', rows, { runs, peers, rounds, results })
