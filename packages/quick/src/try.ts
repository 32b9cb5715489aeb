// SPDX-License-Identifier: MIT
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { WgqError } from '@wgq/model/error'
import type { Before } from './restore.ts'
import type { Session } from './session.ts'

/** A tunnel that goes down again unless somebody confirms it. */
interface Trial {
  /** Tells this trial from a later one of the same interface. */
  readonly token: string
  readonly config: string
}

const longestTimerMs = 2 ** 31 - 1
const startPollMs = 10

type Place = Pick<Session, 'runDirectory' | 'name'>

/**
 * Starts the guard of a tunnel that is up: a process in a session of its own, which outlives the terminal and the SSH
 * connection, and after `seconds` brings back what was `before`, or takes the tunnel down where nothing was, unless
 * {@link confirmTry} comes first. Keys of the state before are in the memory of the two processes alone.
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
        // The terminal, where there is one, hears how the trial ended; nothing else may wait for the guard.
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
  // The guard itself notes the trial: where that is noted, somebody guards it, whatever becomes of this process.
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

/** Notes a trial; for the guard, once it cannot be lost any more. */
export const noteTry = (place: Place, trial: Trial): void => {
  writeFileSync(`${path(place)}.${process.pid}`, `${JSON.stringify(trial)}\n`, { mode: 0o600 })
  renameSync(`${path(place)}.${process.pid}`, path(place))
}

/** Keeps the tunnel. Raises `E_NO_TRIAL` where nothing waits for it. */
export const confirmTry = (place: Place): void => {
  if (!read(place))
    throw new WgqError('E_NO_TRIAL', `${place.name} is not on trial`, {
      hint: `\`wgq up --try 60 ${place.name}\` brings a tunnel up on trial; one that was not confirmed in time is down`,
    })
  forgetTry(place)
}

/** A trial of the past must not take down what comes after it. */
export const forgetTry = (place: Place): void => rmSync(path(place), { force: true })

/** What the guard does: waits, and returns the configuration to take down, or undefined when it was confirmed. */
export const guardTry = async (place: Place, token: string, seconds: number): Promise<string | undefined> => {
  // A timer of Node takes 24 days at most; a longer one is over at once.
  for (let leftMs = seconds * 1000; leftMs > 0; leftMs -= longestTimerMs)
    await sleep(Math.min(leftMs, longestTimerMs))
  const trial = read(place)
  return trial?.token === token ? trial.config : undefined
}

const path = ({ runDirectory, name }: Place): string => join(runDirectory, `${name}.try`)

const read = (place: Place): Trial | undefined => {
  try {
    return JSON.parse(readFileSync(path(place), 'utf8')) as Trial
  } catch {
    return undefined
  }
}
