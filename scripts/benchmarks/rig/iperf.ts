// SPDX-License-Identifier: MIT
import type { Namespace } from '../../../test/support/netns.ts'
import { until } from '../../../test/support/netns.ts'

const port = 5301

/** Starts an iperf3 server that stays. */
export const serve = async (ns: Namespace): Promise<void> => {
  ns.start('iperf3', ['-s', '-p', String(port)])
  await until('the iperf3 server', () => ns.run('ss', '-tlnH').includes(`:${port}`))
}

/** What iperf3 measured at the receiver. */
export interface Flow {
  readonly bytes: number
  readonly bitsPerSecond: number
  readonly packets: number
  readonly lostShare: number
}

/** One run of iperf3 from `ns` to a server; `args` add to the command. */
export const run = async (
  ns: Namespace,
  address: string,
  seconds: number,
  args: readonly string[],
): Promise<Flow> => {
  const done = await ns.finish('iperf3', [
    '-c',
    address,
    '-p',
    String(port),
    '-t',
    String(seconds),
    '-J',
    ...args,
  ])
  const result = JSON.parse(done.stdout)
  if (result.error) throw new Error(`iperf3: ${result.error}`)
  const end = result.end
  if (end.sum_received?.bytes && !args.includes('-u'))
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
