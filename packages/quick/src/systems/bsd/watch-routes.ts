// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { BsdHost } from '@wgq/backends/bsd/host'
import type { DeviceAccess } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import type { Host } from '@wgq/model/host'
import { runRouteMonitor } from './route-monitor.ts'

/** One change of the routing table causes several messages; wait this long after the first. */
const settleMs = 200

/**
 * The route monitor as a process: runs `route -n monitor` and {@link runRouteMonitor} over its lines until the
 * interface is gone or a signal arrives. Raises `E_UNSUPPORTED` on systems that need none.
 */
export const watchRoutes = async (
  name: string,
  statePath: string,
  host: Host,
  devices: DeviceAccess,
): Promise<void> => {
  if (!(host instanceof BsdHost))
    throw new WgqError(
      'E_UNSUPPORTED',
      `Expected a BSD, found ${process.platform}; no route monitor is needed`,
    )
  // FreeBSD 14's route(8) buffers its output to a pipe; stdbuf(1) is in its base system.
  const words =
    host.dialect.system === 'freebsd'
      ? ['stdbuf', '-oL', 'route', '-n', 'monitor']
      : ['route', '-n', 'monitor']
  const [program = 'route', ...args] = words
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  // Killing the program ends the lines, and then the monitor deletes its routes.
  const stop = () => void child.kill()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  child.on('error', stop)
  try {
    await runRouteMonitor({
      name,
      host,
      devices,
      statePath,
      lines: createInterface({ input: child.stdout }),
      settleMs,
    })
  } finally {
    stop()
  }
}
