// SPDX-License-Identifier: MIT
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { daemonBehind } from '@wgq/uapi/daemon-behind'
import { readJournal } from '../../run/journal.ts'
import type { Session } from '../../session.ts'
import { endDaemon } from '../end-daemon.ts'

/** How long a daemon may take to end; wireguard-go needs a few milliseconds. */
const daemonEndMs = 1000
const pollMs = 5

/**
 * Waits until a userspace daemon has noticed that its interface is gone: its socket must not be mistaken for that of
 * the next one. Connecting to a leftover socket removes it. Some daemons (gotatun 0.10) never notice: under wgq's name
 * one that `up` started is ended, and any other is reported as still running.
 */
export const daemonEnd = async (session: Session, name: string): Promise<void> => {
  // A dry run has no daemon.
  if (session.act !== undefined) return
  if ((await ends(session, name)) || session.style !== 'wgq') return
  const { dependencies, runDirectory } = session
  const journal = readJournal(runDirectory, session.name)
  if (journal && (await endDaemon(journal)) && (await ends(session, name))) {
    dependencies.print(
      `[+] The daemon of ${name} (${journal.daemon}) did not end with its interface: it was ended.\n`,
    )
    return
  }
  const daemon = daemonBehind(socketOf(name))
  const who = daemon ? `${daemon.name}, process ${daemon.pid}` : 'whoever answers on its socket'
  dependencies.print(
    `[!] The daemon of ${name} (${who}) goes on without its interface: end it before the next \`up\`.\n`,
  )
}

const socketOf = (name: string): string => `/var/run/wireguard/${name}.sock`

const ends = async ({ dependencies }: Session, name: string): Promise<boolean> => {
  const deadline = Date.now() + daemonEndMs
  while (Date.now() < deadline) {
    // Listing all devices loads the driver's part.
    if (!existsSync(socketOf(name))) return true
    const devices = await dependencies.devices.list().catch((): string[] => [])
    if (!devices.includes(name)) return true
    await sleep(pollMs)
  }
  return false
}
