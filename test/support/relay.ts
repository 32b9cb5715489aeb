// SPDX-License-Identifier: MIT
import { createInterface } from 'node:readline'
import { childEnvironment, childScript } from './child-script.ts'
import type { RelayOrder } from './children/relay.ts'
import type { Tunnel } from './tunnel.ts'

/** Counts of what a relay did. */
type RelayCounts = Record<'carried' | 'lost' | 'duplicated' | 'reordered' | 'replayed', number>

/**
 * Puts a relay between the two sides of a tunnel, in the namespace of side a, and sends a's datagrams through it.
 * Returns a function that ends it and returns its counts.
 */
export const insertRelay = async (
  tunnel: Tunnel,
  mistreatment: Omit<RelayOrder, 'near' | 'far'>,
): Promise<() => Promise<RelayCounts>> => {
  const { a, b } = tunnel
  const order: RelayOrder = {
    near: { address: '127.0.0.1', port: 31_000, daemonPort: a.port },
    far: { address: a.outer.v4, port: 32_000, daemon: b.outer.v4, daemonPort: b.port },
    ...mistreatment,
  }
  const child = a.ns.start(process.execPath, [childScript('relay'), JSON.stringify(order)], childEnvironment)
  if (!child.stdout) throw new Error('a child without pipes')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  if ((await lines.next()).value !== 'ready') throw new Error('the relay did not start')
  a.daemon.set('peer', b.keys.publicKey, 'endpoint', '127.0.0.1:31000')
  return async () => {
    child.kill('SIGTERM')
    return JSON.parse((await lines.next()).value as string) as RelayCounts
  }
}
