// SPDX-License-Identifier: MIT
import { text } from 'node:stream/consumers'
import { runDirectory } from '@wgq/quick/run/directory'
import { readJournal } from '@wgq/quick/run/journal'
import { forgetTry, guardTry, noteTry } from '@wgq/quick/try'
import type { Handler } from '../command.ts'
import { runQuick } from '../quick-session.ts'
import { run as down } from './down.ts'

/** wgq try-guard IF TOKEN SECONDS FILE: the process that `wgq up --try` leaves behind; not for people. */
export const run: Handler = async (invocation) => {
  const [name = '', token = '', seconds = '', file = ''] = invocation.args
  for (const signal of ['SIGHUP', 'SIGINT'] as const) process.on(signal, () => {})
  const place = { runDirectory, name }
  const before = await text(process.stdin).catch(() => '')
  noteTry(place, { token, config: file })
  const config = await guardTry(place, token, Number(seconds))
  if (config === undefined) return 0
  forgetTry(place)
  // Cut off where the process that brought it up was killed while it wrote.
  if (before.endsWith('\n')) {
    const { restore } = await import('@wgq/quick/restore')
    return runQuick({ ...invocation, verb: 'reload', args: [config] }, (session) =>
      restore({ ...session, name }, JSON.parse(before)),
    )
  }
  // Its file may be called otherwise (`--name`).
  const known = readJournal(runDirectory, name) === undefined ? config : name
  return down({ ...invocation, verb: 'down', args: [known] })
}
