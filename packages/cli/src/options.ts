// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import type { Invocation } from './command.ts'
import type { Command } from './command-row.ts'
import { findCommand } from './command-table.ts'
import { usageError } from './option-fault.ts'

/** The words after a verb of wgq, as its row of the command table describes them. */
export interface ParsedArguments {
  readonly operands: readonly string[]
  /** The given flags. */
  readonly flags: ReadonlySet<string>
  /** Values of options, in the given order; '' for an option with an optional value that was left out. */
  readonly values: ReadonlyMap<string, readonly string[]>
}

/**
 * Parses the arguments of one of wgq's own verbs. Loads yargs, which takes a third of the start-up time, only if there
 * is more than operands and options written in full. Raises `E_USAGE` for an option or operand that the command table
 * does not contain, and for a missing one. `--help` never gets here: bin/wgq.ts answers it.
 */
export const parseArguments = async (invocation: Invocation): Promise<ParsedArguments> => {
  const row = findCommand(invocation.verb, 'wgq')
  if (!row) throw new WgqError('E_USAGE', `${JSON.stringify(invocation.verb)} is not a command`)
  const parsed =
    readPlainWords(row, invocation.args) ??
    (await (await import('./parse-options.ts')).parseOptions(row, invocation.args))
  checkOperands(row, parsed.operands)
  return parsed
}

/** The value of an option. Raises `E_USAGE` if it was given two different ones. */
export const oneValue = (parsed: ParsedArguments, name: string): string | undefined => {
  const [first, second] = new Set(parsed.values.get(name))
  if (second === undefined) return first
  const both = `${JSON.stringify(first)} and ${JSON.stringify(second)}`
  throw new WgqError('E_USAGE', `--${name} takes one value, found ${both}`, { hint: 'leave one of them out' })
}

/** The value of `--output`; undefined without one and for `-`, which means standard output. */
export const outputFile = (parsed: ParsedArguments): string | undefined => {
  const path = oneValue(parsed, 'output')
  return path === '-' ? undefined : path
}

/** The value of an option as a number of at least `least`, in the unit in the option's name. Raises `E_USAGE`. */
export const numberValue = (parsed: ParsedArguments, name: string, least: number): number | undefined => {
  const text = oneValue(parsed, name)
  if (text === undefined || text === '') return undefined
  const value = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN
  if (value >= least) return value
  throw new WgqError('E_USAGE', `--${name} takes a number of ${least} or more, found ${JSON.stringify(text)}`)
}

/**
 * Reads unambiguous words: `--flag`, `--option value`, `--option=value` with a name of the row, and operands. Undefined
 * if there are others, which are left to yargs.
 */
export const readPlainWords = (row: Command, words: readonly string[]): ParsedArguments | undefined => {
  const operands: string[] = []
  const flags = new Set<string>()
  const values = new Map<string, string[]>()
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as string
    // yargs reads them as the value of the preceding flag.
    if ((word === 'true' || word === 'false') && flags.size > 0) return undefined
    if (!word.startsWith('-')) {
      operands.push(word)
      continue
    }
    const [, name, given] = /^--([a-z][a-z-]+)(?:=([^-"'][^"']*))?$/.exec(word) ?? []
    const option = row.options.find((one) => one.name === name)
    if (!option || option.valueOptional) return undefined
    if (option.valueName === undefined) {
      if (given !== undefined || flags.has(option.name)) return undefined
      flags.add(option.name)
      continue
    }
    const value = given ?? words[++index]
    if (value === undefined || !/^[^-"'][^"']*$/.test(value)) return undefined
    values.set(option.name, [...(values.get(option.name) ?? []), value])
  }
  return { operands, flags, values }
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
