// SPDX-License-Identifier: MIT
import { writeSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { runDirectory } from '@wgq/quick/run/directory'
import { statusOf } from '@wgq/quick/run/failure'
import { readJournal } from '@wgq/quick/run/journal'
import type { Session } from '@wgq/quick/session'
import { forgetTry, guardTry, noteTry } from '@wgq/quick/try'
import type { Handler, Invocation } from '../command.ts'
import { runQuick } from '../quick-session.ts'
import { run as down } from './down.ts'

/** wgq try-guard IF TOKEN SECONDS FILE: the process that `wgq up --try` leaves running; not for users. */
export const run: Handler = async (invocation) => {
  const [name = '', token = '', seconds = '', file = ''] = invocation.args
  for (const signal of ['SIGHUP', 'SIGINT'] as const) process.on(signal, () => {})
  const place = { runDirectory, name }
  const before = await text(process.stdin).catch(() => '')
  noteTry(place, { token, config: file })
  const config = await guardTry(place, token, Number(seconds))
  if (config === undefined) return 0
  forgetTry(place)
  // The text is cut off if the process that brought the tunnel up was killed while writing.
  const isBack = before.endsWith('\n')
  const status = await (isBack
    ? bringBack(invocation, config, name, before)
    : takeDown(invocation, config, name)
  ).catch((error: unknown) => statusOf(error, tellTerminal))
  const end = isBack ? 'it is what it was before' : 'it is down'
  tellTerminal(
    status === 0
      ? `[!] ${name} was not confirmed: ${end}.\n`
      : `[!] ${name} was not confirmed and could not be taken back (status ${status}): look at \`wgq diff ${name}\`.\n`,
  )
  return status
}

/** Restores the previous state, whatever happened to the file meanwhile. */
const bringBack = async (
  invocation: Invocation,
  config: string,
  name: string,
  before: string,
): Promise<number> => {
  const { restore } = await import('@wgq/quick/restore')
  const work = (session: Session) => restore({ ...session, name }, JSON.parse(before))
  // The file may be called anything: after `--name`, or where `NAME.conf` was a link to it.
  return runQuick({ ...invocation, verb: 'down', args: [config] }, work, work, name)
}

const takeDown = (invocation: Invocation, config: string, name: string): Promise<number> => {
  // Its file may have another name (`--name`).
  const known = readJournal(runDirectory, name) === undefined ? config : name
  return down({ ...invocation, verb: 'down', args: [known] })
}

/** Writes to descriptor 3, the terminal on which the trial was started; it may be closed. */
const tellTerminal = (text: string): void => {
  try {
    writeSync(3, text)
  } catch {
    // The terminal is closed.
  }
}
