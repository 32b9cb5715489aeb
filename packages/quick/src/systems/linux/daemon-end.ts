// SPDX-License-Identifier: MIT
import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from '../../session.ts'

/** How long a daemon may take to end; wireguard-go needs a few milliseconds. */
const daemonEndMs = 1000
const pollMs = 5

/**
 * Waits a moment until a userspace daemon has noticed that its interface is gone: its socket must not be taken for that of
 * the next one. A socket that is left over is removed by asking for it.
 */
export const daemonEnd = async ({ edges }: Session, name: string): Promise<void> => {
  const deadline = Date.now() + daemonEndMs
  while (Date.now() < deadline) {
    const devices = await edges.devices.list().catch((): string[] => [])
    if (!devices.includes(name)) return
    await sleep(pollMs)
  }
}
