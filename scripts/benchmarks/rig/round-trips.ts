// SPDX-License-Identifier: MIT
import type { Tunnel } from '../../../test/support/tunnel.ts'

/** Round-trip times of `count` pings through the tunnel, in milliseconds; `args` are passed to ping(8). */
export const roundTrips = async (tunnel: Tunnel, count: number, ...args: string[]): Promise<number[]> => {
  const command = ['-n', '-c', String(count), '-W', '2', ...args, tunnel.b.inner.v4]
  const done = await tunnel.a.ns.finish('ping', command)
  return [...done.stdout.matchAll(/time=([\d.]+)/g)].map((match) => Number(match[1]))
}
