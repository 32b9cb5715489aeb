// SPDX-License-Identifier: MIT
import { existsSync, readFileSync } from 'node:fs'
import { configDirectories } from '@wgq/config/locate'
import { nearest } from '@wgq/config/nearest'
import { WgqError } from '@wgq/model/error'
import yargs from 'yargs'
import type { Command } from './command-row.ts'
import { usageError } from './option-fault.ts'
import type { ParsedArguments } from './options.ts'

/** Parses words that include options; does not check the number of operands. Raises `E_USAGE`. */
export const parseOptions = async (row: Command, words: readonly string[]): Promise<ParsedArguments> => {
  // yargs reads the current directory unless it gets one, and fails if that was removed.
  const parser = yargs(withMarkedNames(row, words), '/')
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
    // By default yargs reads `1e3` as a number and `-10.0.0.0/8` as a group of flags.
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

// No argument can contain it.
const mark = '\0'

/**
 * The words of a command line. Marks words that begin with `-` and name an existing interface or file: Linux and
 * wg-quick accept `-x` as a name.
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

/** Whether an interface exists in this network namespace; /sys may show another one. */
const isLink = (name: string): boolean => {
  try {
    return readFileSync('/proc/self/net/dev', 'latin1')
      .split('\n')
      .some((line) => line.trimStart().startsWith(`${name}:`))
  } catch {
    return existsSync(`/sys/class/net/${name}`)
  }
}

/** The error for an unknown option, with a suggestion; undefined for any other error. */
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
