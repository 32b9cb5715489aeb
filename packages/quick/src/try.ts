// SPDX-License-Identifier: MIT
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
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

type Place = Pick<Session, 'runDirectory' | 'name'>

/**
 * Starts the guard of a tunnel that is up: a process in a session of its own, which outlives the terminal and the SSH
 * connection, and after `seconds` brings back what was `before`, or takes the tunnel down where nothing was, unless
 * {@link confirmTry} comes first. Keys of the state before are in the memory of the two processes alone.
 */
export const startTry = async (session: Session, seconds: number, before?: Before): Promise<void> => {
  const trial: Trial = {
    token: process.getBuiltinModule('node:crypto').randomBytes(12).toString('hex'),
    config: session.configPath,
  }
  writeFileSync(path(session), `${JSON.stringify(trial)}\n`, { mode: 0o600 })
  // Loaded here only: most runs of `up` are no trial.
  const guard = process
    .getBuiltinModule('node:child_process')
    .spawn(join(session.binDirectory, 'wgq'), ['try-guard', session.name, trial.token, `${seconds}`], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: '/',
    })
  guard.unref()
  await new Promise<void>((resolve) => {
    guard.on('error', () => resolve())
    guard.stdin.on('error', () => resolve())
    guard.stdin.end(before === undefined ? '' : `${JSON.stringify(before)}\n`, () => resolve())
  })
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
