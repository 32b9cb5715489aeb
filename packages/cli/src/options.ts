// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import type { Invocation } from './command.ts'
import type { Command } from './command-row.ts'
import { findCommand } from './command-table.ts'
import { usageError } from './option-fault.ts'

/** What is behind a verb of wgq, as its row of the command table describes it. */
export interface ParsedArguments {
  readonly operands: readonly string[]
  /** Flags that were given. */
  readonly flags: ReadonlySet<string>
  /** Values of options, in the order given; an option with an optional value that came without one has ''. */
  readonly values: ReadonlyMap<string, readonly string[]>
}

/**
 * Parses the arguments of one of wgq's own verbs with yargs, loaded only here (38 ms). Raises `E_USAGE` for an option or an
 * operand that the command table does not know, and for a missing one. `--help` never gets here: bin/wgq.ts answers it.
 */
export const parseArguments = async (invocation: Invocation): Promise<ParsedArguments> => {
  const row = findCommand(invocation.verb, 'wgq')
  if (!row) throw new WgqError('E_USAGE', `${JSON.stringify(invocation.verb)} is not a command`)
  const parsed = invocation.args.some((word) => word.startsWith('-'))
    ? await (await import('./parse-options.ts')).parseOptions(row, invocation.args)
    : { operands: invocation.args, flags: new Set<string>(), values: new Map<string, string[]>() }
  checkOperands(row, parsed.operands)
  return parsed
}

/** The last value of an option. */
export const lastValue = (parsed: ParsedArguments, name: string): string | undefined =>
  parsed.values.get(name)?.at(-1)

/** The last value of an option that is a number of `least` or more, in the unit its name says. Raises `E_USAGE`. */
export const numberValue = (parsed: ParsedArguments, name: string, least: number): number | undefined => {
  const text = lastValue(parsed, name)
  if (text === undefined || text === '') return undefined
  const value = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN
  if (value >= least) return value
  throw new WgqError('E_USAGE', `--${name} takes a number of ${least} or more, found ${JSON.stringify(text)}`)
}

// --- internal ---

const checkOperands = (row: Command, operands: readonly string[]): void => {
  const needed = row.operands.filter(({ optional }) => !optional)
  const missing = needed[operands.length]
  if (missing) throw usageError(row, `<${missing.name}> is missing: ${missing.summary}`)
  const most = row.operands.some(({ repeated }) => repeated) ? Number.POSITIVE_INFINITY : row.operands.length
  const extra = operands[most]
  if (extra !== undefined) throw usageError(row, `${JSON.stringify(extra)} is one argument too many`)
}
