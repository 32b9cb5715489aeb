// SPDX-License-Identifier: MIT
import { runDirectory } from '@wgq/quick/run/directory'
import { forgetTry, guardTry } from '@wgq/quick/try'
import type { Handler } from '../command.ts'
import { run as down } from './down.ts'

/** wgq try-guard IF TOKEN SECONDS: the process that `wgq up --try` leaves behind; not for people. */
export const run: Handler = async (invocation) => {
  const [name = '', token = '', seconds = ''] = invocation.args
  for (const signal of ['SIGHUP', 'SIGINT'] as const) process.on(signal, () => {})
  const place = { runDirectory, name }
  const config = await guardTry(place, token, Number(seconds))
  if (config === undefined) return 0
  forgetTry(place)
  return down({ ...invocation, verb: 'down', args: [config] })
}
