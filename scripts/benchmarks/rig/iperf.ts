// SPDX-License-Identifier: MIT
import type { Namespace } from '../../../test/support/netns.ts'
import { until } from '../../../test/support/netns.ts'

const port = 5301

/** Starts an iperf3 server that keeps running. */
export const serve = async (ns: Namespace): Promise<void> => {
  // Its output is not read: a full pipe would block it after a hundred runs.
  ns.start('iperf3', ['-s', '-p', String(port), '--logfile', '/dev/null'])
  await until('the iperf3 server', () => ns.run('ss', '-tlnH').includes(`:${port}`))
}

/** What iperf3 measured at the receiver. */
interface Flow {
  readonly bytes: number
  readonly bitsPerSecond: number
  readonly packets: number
  readonly lostShare: number
}

/**
 * One run of iperf3 from `ns` to a server; `args` add to the command. Repeats a run that iperf3 aborts because a flood
 * broke its control connection; raises an error after three aborts.
 */
export const run = async (
  ns: Namespace,
  address: string,
  seconds: number,
  args: readonly string[],
): Promise<Flow> => {
  for (let attempt = 1; ; attempt++) {
    const command = ['-c', address, '-p', String(port), '-t', String(seconds), '-J', ...args]
    const done = await ns.finish('iperf3', command, { timeoutMs: (seconds + 10) * 1_000 })
    const result = done.stdout ? JSON.parse(done.stdout) : { error: 'no answer' }
    if (!result.error) return flowOf(result.end, args.includes('-u'))
    if (attempt === 3) throw new Error(`iperf3: ${result.error}`)
    console.error(`bench: iperf3 in ${ns.name}: ${result.error}; once more`)
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the part of iperf3's JSON that is read
const flowOf = (end: any, datagrams: boolean): Flow => {
  if (!datagrams)
    return {
      bytes: end.sum_received.bytes,
      bitsPerSecond: end.sum_received.bits_per_second,
      packets: 0,
      lostShare: 0,
    }
  const { bytes, bits_per_second, packets, lost_packets: lost } = end.sum
  const share = packets ? lost / packets : 1
  return {
    bytes: bytes * (1 - share),
    bitsPerSecond: bits_per_second * (1 - share),
    packets: packets - lost,
    lostShare: share,
  }
}
