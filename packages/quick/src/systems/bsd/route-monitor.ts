// SPDX-License-Identifier: MIT
import { setTimeout as sleep } from 'node:timers/promises'
import type { BsdHost } from '@wgq/backends/bsd/host'
import type { DeviceAccess } from '@wgq/model/device'
import { readEndpointRoutes } from './endpoint-route-file.ts'
import { EndpointRouteKeeper } from './endpoint-route-keeper.ts'

/** Dependencies of the route monitor. */
interface RouteMonitor {
  readonly name: string
  readonly host: BsdHost
  readonly devices: DeviceAccess
  readonly statePath: string
  /** Lines of `route -n monitor`; ends when that program does. */
  readonly lines: AsyncIterable<string>
  /** Milliseconds to wait for more lines of the same change before reading the table. */
  readonly settleMs: number
}

/**
 * Watches the routing table and keeps the endpoint routes current until the interface is gone or the lines end; then
 * deletes them (spec wg-quick §10.2). It is the process that upstream's `[+] Backgrounding route monitor` starts.
 */
export const runRouteMonitor = async (monitor: RouteMonitor): Promise<void> => {
  const keeper = new EndpointRouteKeeper(monitor.host, monitor.devices, monitor.statePath, () => {})
  try {
    for await (const _ of changes(monitor.lines, monitor.settleMs)) {
      const real = await monitor.host.realName(monitor.name)
      if (real === undefined || !(await monitor.host.link(real))) break
      const state = readEndpointRoutes(monitor.statePath)
      if (!state) return
      // A device that vanishes meanwhile is noticed at the next line.
      await keeper.refresh(real, state.families).catch(() => {})
    }
  } finally {
    await keeper.remove()
  }
}

/**
 * Says whether a line of `route -n monitor` begins a message. Up to FreeBSD 13, and on OpenBSD and NetBSD, that is
 * `RTM_…`; FreeBSD 14 prints one line per change that begins with the time (`12:34:56.789 [PID 0] add/repl route …`), also
 * for neighbours, which are not routes.
 */
export const isRouteMessage = (line: string): boolean =>
  /^RTM_/.test(line) ||
  (/^[0-9]{2}:[0-9]{2}:[0-9]{2}[.0-9]* /.test(line) && !/^\S+ (\[?PID [0-9]+\]? )?\S+ neigh\b/.test(line))

/** One item per burst of messages. */
async function* changes(lines: AsyncIterable<string>, settleMs: number): AsyncGenerator<void> {
  const iterator = lines[Symbol.asyncIterator]()
  let next = iterator.next()
  for (;;) {
    const line = await next
    if (line.done) return
    next = iterator.next()
    if (!isRouteMessage(line.value)) continue
    // Messages that arrive during the wait belong to the same burst.
    const quiet = Symbol('quiet')
    for (const deadline = sleep(settleMs, quiet); ; next = iterator.next()) {
      const more = await Promise.race([next, deadline])
      if (more === quiet || (more as IteratorResult<string>).done) break
    }
    yield
  }
}
