// SPDX-License-Identifier: MIT
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { WgqError } from '@wgq/model/error'
import type { Before } from './restore.ts'
import { replaceStateFile } from './run/state-file.ts'
import { watchPath } from './run/watch-path.ts'
import type { Session } from './session.ts'

/** A tunnel that is rolled back unless the user confirms it. */
interface Trial {
  /** Distinguishes this trial from a later one of the same interface. */
  readonly token: string
  readonly config: string
}

const longestTimerMs = 2 ** 31 - 1
const startPollMs = 10

type Place = Pick<Session, 'runDirectory' | 'name'>

/**
 * Starts the guard of a running tunnel: a process in its own session, which outlives the terminal and the SSH
 * connection. After `seconds` it restores `before`, or takes the tunnel down if there was nothing before, unless {@link
 * confirmTry} comes first. The keys of the earlier state are only in the memory of the two processes.
 */
export const startTry = async (session: Session, seconds: number, before?: Before): Promise<void> => {
  const token = process.getBuiltinModule('node:crypto').randomBytes(12).toString('hex')
  // Loaded here only: most runs of `up` are not trials.
  const guard = process
    .getBuiltinModule('node:child_process')
    .spawn(
      join(session.binDirectory, 'wgq'),
      ['try-guard', session.name, token, `${seconds}`, session.configPath],
      {
        detached: true,
        // The guard prints the result to the terminal, if there is one; no other stream is kept open for it.
        stdio: ['pipe', 'ignore', 'ignore', process.stderr.isTTY ? 2 : 'ignore'],
        cwd: '/',
      },
    )
  let isGone = false
  for (const event of ['error', 'exit'] as const)
    guard.on(event, () => {
      isGone = true
    })
  guard.stdin?.on('error', () => {})
  guard.stdin?.end(before === undefined ? '' : `${JSON.stringify(before)}\n`)
  // The guard itself notes the trial: once noted, it is guarded even if this process dies.
  while (read(session)?.token !== token && !isGone) await sleep(startPollMs)
  guard.unref()
  if (isGone)
    throw new WgqError(
      'E_NO_TRIAL',
      `${session.name} is up, but not on trial: its guard could not be started`,
      {
        hint: `\`wgq down ${session.name}\` takes it down`,
      },
    )
}

/** Notes a trial; called by the guard once it is ready. */
export const noteTry = (place: Place, trial: Trial): void => replaceStateFile(path(place), trial)

/** Confirms the tunnel. Raises `E_NO_TRIAL` if it is not on trial. */
export const confirmTry = (place: Place): void => {
  if (!read(place))
    throw new WgqError('E_NO_TRIAL', `${place.name} is not on trial`, {
      hint: `\`wgq up --try 60 ${place.name}\` brings a tunnel up on trial; one that was not confirmed in time is down`,
    })
  forgetTry(place)
}

/** Forgets a trial: an old one must not take down a later tunnel. */
export const forgetTry = (place: Place): void => rmSync(path(place), { force: true })

/**
 * The guard's work: waits, and resolves to the configuration to take down at the deadline, or to undefined as soon as
 * the trial was confirmed or forgotten. The guard holds keys, so it ends then.
 */
export const guardTry = async (place: Place, token: string, seconds: number): Promise<string | undefined> => {
  const ended = new AbortController()
  const look = (): void => {
    if (isOver(place, token)) ended.abort()
  }
  // Where nothing can be watched the guard lasts until the deadline.
  const watcher = watchPath(place.runDirectory, look)
  try {
    look()
    // A Node.js timer lasts 24 days at most; a longer one fires at once.
    for (let leftMs = seconds * 1000; leftMs > 0; leftMs -= longestTimerMs)
      await sleep(Math.min(leftMs, longestTimerMs), undefined, { signal: ended.signal })
  } catch (error) {
    if (!ended.signal.aborted) throw error
  } finally {
    watcher?.close()
  }
  return isOver(place, token) ? undefined : read(place)?.config
}

/** A file that exists but cannot be read at the moment does not end a trial. */
const isOver = (place: Place, token: string): boolean =>
  !existsSync(path(place)) || (read(place)?.token ?? token) !== token

const path = ({ runDirectory, name }: Place): string => join(runDirectory, `${name}.try`)

const read = (place: Place): Trial | undefined => {
  try {
    return JSON.parse(readFileSync(path(place), 'utf8')) as Trial
  } catch {
    return undefined
  }
}
