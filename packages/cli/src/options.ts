// SPDX-License-Identifier: MIT
import { existsSync, readFileSync } from 'node:fs'
import { configDirectories } from '@wgq/config/locate'
import { nearest } from '@wgq/config/nearest'
import { WgqError } from '@wgq/model/error'
import type { Invocation } from './command.ts'
import type { Command } from './command-row.ts'
import { findCommand } from './command-table.ts'

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
  const { default: yargs } = await import('yargs')
  const parser = yargs(withMarkedNames(row, invocation.args))
    .help(false)
    .version(false)
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message, error) => {
      throw (
        unknownOption(row, message) ??
        usageError(row, message ?? error?.message ?? 'the arguments cannot be read')
      )
    })
    // yargs reads `1e3` as a number and `-10.0.0.0/8` as a bundle of flags unless set otherwise.
    .parserConfiguration({
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'short-option-groups': false,
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'populate--': true,
    })
    .strictOptions()
  for (const option of row.options) {
    const alias = option.short === undefined ? {} : { alias: option.short }
    parser.option(option.name, {
      ...alias,
      type: option.valueName === undefined ? 'boolean' : 'string',
      requiresArg: option.valueName !== undefined && !option.valueOptional,
    })
  }
  const parsed = (await parser.parseAsync()) as Record<string, unknown> & { _: string[]; '--'?: string[] }
  const operands = [...parsed._.map(String), ...(parsed['--'] ?? [])].map((word) => word.replace(mark, ''))
  checkOperands(row, operands)
  const given = row.options.filter(({ name }) => parsed[name] !== undefined)
  return {
    operands,
    flags: new Set(given.filter(({ valueName }) => valueName === undefined).map(({ name }) => name)),
    values: new Map(
      given
        .filter(({ valueName }) => valueName !== undefined)
        .map(({ name }) => [name, [parsed[name]].flat().map(String)]),
    ),
  }
}

// No argument can hold it.
const mark = '\0'

/**
 * The words of a command line, those marked that begin with `-` and are the name of an interface or a file: Linux and wg-quick
 * take `-x` as a name.
 */
const withMarkedNames = (row: Command, words: readonly string[]): string[] => {
  if (!row.operands.some(({ kind }) => kind !== 'text')) return [...words]
  const known = new Set(row.options.flatMap(({ short }) => (short === undefined ? [] : [`-${short}`])))
  const takesValue = new Set(
    row.options.flatMap(({ name, valueName }) => (valueName === undefined ? [] : [`--${name}`])),
  )
  return words.map((word, index) => {
    if (!/^-[a-zA-Z0-9_=+.]/.test(word) || known.has(word)) return word
    return !takesValue.has(words[index - 1] ?? '') && isThere(word) ? mark + word : word
  })
}

const isThere = (name: string): boolean => {
  if (existsSync(name)) return true
  if (!/^[a-zA-Z0-9_=+.-]{1,15}$/.test(name)) return false
  const files = configDirectories(process.platform).map((directory) => `${directory}/${name}.conf`)
  return [...files, `/var/run/wireguard/${name}.sock`].some((path) => existsSync(path)) || isLink(name)
}

/** Of this network namespace: /sys may show another. */
const isLink = (name: string): boolean => {
  try {
    return readFileSync('/proc/self/net/dev', 'latin1')
      .split('\n')
      .some((line) => line.trimStart().startsWith(`${name}:`))
  } catch {
    return existsSync(`/sys/class/net/${name}`)
  }
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

const checkOperands = (row: Command, operands: readonly string[]): void => {
  const needed = row.operands.filter(({ optional }) => !optional)
  const missing = needed[operands.length]
  if (missing) throw usageError(row, `<${missing.name}> is missing: ${missing.summary}`)
  const most = row.operands.some(({ repeated }) => repeated) ? Number.POSITIVE_INFINITY : row.operands.length
  const extra = operands[most]
  if (extra !== undefined) throw usageError(row, `${JSON.stringify(extra)} is one argument too many`)
}

/** The fault of an option that there is not, with the one that was meant; undefined for any other fault. */
const unknownOption = (row: Command, message: string | undefined): WgqError | undefined => {
  const name = /^Unknown arguments?: ([^,\s]+)/.exec(message ?? '')?.[1]
  if (name === undefined) return undefined
  const guess = nearest(
    name,
    row.options.map((option) => option.name),
  )
  return guess === undefined
    ? usageError(row, `there is no option ${name.length === 1 ? `-${name}` : `--${name}`}`)
    : new WgqError('E_USAGE', `${row.verb}: there is no option --${name}`, {
        hint: `did you mean --${guess}?`,
      })
}

const usageError = (row: Command, message: string): WgqError =>
  new WgqError('E_USAGE', `${row.verb}: ${message}`, {
    hint: `\`wgq help ${row.verb}\` shows its usage and options`,
  })
