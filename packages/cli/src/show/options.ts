// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'

/** The command line of `wgq show`. */
export interface ShowOptions {
  readonly operands: readonly string[]
  readonly json: boolean
  readonly showKeys: boolean
  /** Seconds between repetitions; absent to print once. */
  readonly watchSeconds?: number
}

const defaultWatchSeconds = 2

/** Parses the options of `wgq show` without yargs, because `show` is on the start-up fast path. Raises `E_USAGE`. */
export const readShowOptions = (args: readonly string[]): ShowOptions => {
  let options: ShowOptions = { operands: [], json: false, showKeys: false }
  const end = args.indexOf('--')
  for (const [at, arg] of args.entries()) {
    if (at === end) continue
    if (end >= 0 && at > end) {
      options = { ...options, operands: [...options.operands, arg] }
      continue
    }
    const watch = /^--watch(?:=(.*))?$/.exec(arg)
    if (arg === '--json') options = { ...options, json: true }
    else if (arg === '--show-keys') options = { ...options, showKeys: true }
    else if (watch) options = { ...options, watchSeconds: seconds(watch[1]) }
    else if (arg.startsWith('--')) throw usage(`show has no option ${JSON.stringify(arg)}`)
    else options = { ...options, operands: [...options.operands, arg] }
  }
  if (options.showKeys && !options.json) {
    throw usage('--show-keys goes with --json', 'WG_HIDE_KEYS=never wgq show prints keys for people')
  }
  if (options.json && options.operands.length > 1) throw usage('--json prints whole interfaces, not a field')
  return options
}

const seconds = (text: string | undefined): number => {
  if (text === undefined) return defaultWatchSeconds
  if (/^[0-9]+(?:\.[0-9]+)?$/.test(text) && Number(text) >= 0.1) return Number(text)
  throw usage(`--watch takes seconds, at least 0.1, found ${JSON.stringify(text)}`)
}

const usage = (message: string, hint = '`wgq help show` lists the options') =>
  new WgqError('E_USAGE', message, { hint })
