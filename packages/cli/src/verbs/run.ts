// SPDX-License-Identifier: MIT
import { locate } from '@wgq/config/locate'
import { reapOrphans } from '@wgq/dataplane/daemon/orphans'
import { notifyReady, notifyStopping } from '@wgq/dataplane/daemon/service-manager'
import { visible } from '@wgq/model/shown'
import { runDirectory } from '@wgq/quick/run/directory'
import { readJournal } from '@wgq/quick/run/journal'
import { withLock } from '@wgq/quick/run/lock'
import { lockName } from '@wgq/quick/run/under-lock'
import { rerunAsRoot } from '../as-root.ts'
import type { Handler } from '../command.ts'
import { runVerb } from '../follow/run-verb.ts'
import { followTunnel } from '../follow/tunnel-follower.ts'
import { Requests } from '../observe/requests.ts'
import { parseArguments } from '../options.ts'
import { writeErr } from '../output.ts'

/**
 * wgq run NAME|FILE: runs `wgq up`, then stays in the foreground, also as the first process of a container, and keeps
 * the tunnel in line with its file while the machine changes. SIGHUP is `wgq reload`, SIGTERM and SIGINT are `wgq
 * down`. Notifies a service manager when it is ready and when it stops (sd_notify).
 */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments(invocation)
  const elsewhere = rerunAsRoot(invocation)
  if (elsewhere) return elsewhere
  const [tunnel = ''] = parsed.operands
  const { interfaceName, path: configPath } = locate(tunnel)
  const requests = new Requests()
  reapOrphans()
  const followFile = parsed.flags.has('follow-file')
  const options = [...parsed.flags].filter((flag) => flag !== 'follow-file').map((flag) => `--${flag}`)
  const { status } = await runVerb(['up', ...options, tunnel], { requests })
  if (status !== 0) return status
  const { follower, waiting, close } = await followTunnel(
    { interfaceName, tunnel, configPath, followFile },
    (words, capture) => runVerb(words, { capture, follows: true }),
    () => requests.wake(),
  )
  const readyBy = performance.now() + readyWithinMs
  let ready = false
  for (;;) {
    if (!ready) ready = await tellReady(interfaceName, await waiting(), readyBy)
    const untilReady = ready ? Number.POSITIVE_INFINITY : readyBy - performance.now()
    const request = await requests.next(Math.max(0, Math.min(follower.waitMs(), untilReady)) / 1000)
    if (request === 'stop') break
    // A failed reload prints its error and has no other effect.
    if (request === 'reload') await runVerb(['reload', tunnel])
    else if (!(await follower.act())) return ended(interfaceName)
  }
  close()
  notifyStopping(process.env)
  return (await runVerb(['down', tunnel])).status
}

/** Maximum delay of the ready notification while names of endpoints are unresolved; systemd's own limit is 90 s. */
const readyWithinMs = 30_000

/**
 * Notifies when each peer with a name has an endpoint, or after the maximum delay: then it logs the peers without one.
 */
const tellReady = async (name: string, waiting: readonly string[], readyBy: number): Promise<boolean> => {
  if (waiting.length > 0 && performance.now() < readyBy) return false
  if (waiting.length > 0)
    writeErr(
      `wgq: ${name}: no endpoint yet of ${visible(waiting.join(', '))}: the names are looked up again\n`,
    )
  notifyReady(process.env)
  return true
}

/** Exit status after the interface vanished: 0 if another command took the tunnel down, 1 if the data plane died. */
const ended = async (name: string): Promise<number> => {
  // A `down` in progress removes the journal at its end.
  const journal = await withLock(runDirectory, lockName(name), async () => readJournal(runDirectory, name))
  if (!journal) {
    writeErr(`wgq: ${name} was taken down\n`)
    return 0
  }
  // Undo nothing here: a kill switch must outlive the data plane.
  writeErr(
    `wgq: ${name} is gone: its interface vanished\n  hint: the next \`wgq up\` or \`wgq down\` cleans up\n`,
  )
  return 1
}
