// SPDX-License-Identifier: MIT
import type { Position } from '@wgq/model/error'
import { WgqError } from '@wgq/model/error'
import type { Span } from './reading.ts'
import { lower, readQuickLine } from './reading.ts'

/** A value of the configuration file and where it is. */
export interface Setting {
  readonly value: string
  readonly at: Position
}

/** The hooks in the order of the file; `%i` is not replaced yet. An empty value is a hook that runs nothing. */
export interface Hooks {
  readonly preUp: readonly Setting[]
  readonly postUp: readonly Setting[]
  readonly preDown: readonly Setting[]
  readonly postDown: readonly Setting[]
}

/** A configuration as wg-quick reads it (spec wg-quick §3). Values are not validated. */
export interface Settings {
  readonly addresses: readonly Setting[]
  readonly dnsServers: readonly Setting[]
  readonly dnsSearch: readonly Setting[]
  /** Absent when not given or given empty; the last one wins. */
  readonly mtu?: Setting
  /** Absent when not given or given empty; the last one wins. Case counts from here on: only `off` is off. */
  readonly table?: Setting
  readonly hooks: Hooks
  readonly saveConfig: boolean
  /** The text for wg: every line without one of the keys above. `wg-quick strip` adds one more newline. */
  readonly wgConfig: string
}

/**
 * Reads a configuration as wg-quick does. Raises `E_SAVE_CONFIG` for a SaveConfig that is neither true nor false.
 * `keepPlaces` keeps the lines and columns of wg's text, with blank lines in place of wg-quick's keys, so that messages
 * have correct positions.
 */
export const readSettings = (text: string, file: string, keepPlaces = false): Settings => {
  const found: Found = {
    addresses: [],
    dnsServers: [],
    dnsSearch: [],
    preup: [],
    postup: [],
    predown: [],
    postdown: [],
    saveConfig: false,
  }
  let inInterface = false
  let wgConfig = ''
  let number = 0
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    const raw = text.slice(start, end)
    start = end + 1
    number++
    // bash drops NUL bytes while reading; blanks at both ends are removed, a carriage return stays (spec wg-quick §3,
    // step 1).
    const line = trimBlanks(raw.includes('\0') ? raw.replaceAll('\0', '') : raw)
    if (line === '' && newline < 0) break
    if (line.startsWith('[')) {
      inInterface = lower(readQuickLine(line).key.text) === '[interface]'
    } else if (inInterface && consume(line, number, raw.indexOf(line), file, found)) {
      if (keepPlaces) wgConfig += '\n'
      continue
    }
    wgConfig += `${keepPlaces ? raw : line}\n`
  }
  const { preup: preUp, postup: postUp, predown: preDown, postdown: postDown, ...rest } = found
  return { ...rest, hooks: { preUp, postUp, preDown, postDown }, wgConfig }
}

/** What {@link readSettings} collects; hooks under the lower-case names of their keys. */
interface Found {
  addresses: Setting[]
  dnsServers: Setting[]
  dnsSearch: Setting[]
  preup: Setting[]
  postup: Setting[]
  predown: Setting[]
  postdown: Setting[]
  mtu?: Setting
  table?: Setting
  saveConfig: boolean
}

/** Consumes a line of the interface section if it has one of wg-quick's keys; returns whether it did. */
const consume = (line: string, number: number, indent: number, file: string, found: Found): boolean => {
  const { key, value, hook } = readQuickLine(line)
  const at = (column: number): Position => ({ file, line: number, column: column + Math.max(indent, 0) })
  const one = (span: Span): Setting => ({ value: span.text, at: at(span.column) })
  const name = lower(key.text)
  switch (name) {
    case 'address':
      for (const word of words(value)) found.addresses.push(one(word))
      return true
    case 'dns':
      for (const word of words(value))
        (isServer(word.text) ? found.dnsServers : found.dnsSearch).push(one(word))
      return true
    case 'mtu':
    case 'table':
      if (value.text === '') delete found[name]
      else found[name] = one(value)
      return true
    case 'preup':
    case 'postup':
    case 'predown':
    case 'postdown':
      found[name].push(one(hook))
      return true
    case 'saveconfig':
      found.saveConfig = truth(value.text, at(value.column))
      return true
    default:
      return false
  }
}

/** Commas and white space separate addresses and DNS entries alike. */
const words = (value: Span): Span[] =>
  [...value.text.matchAll(/[^,\t-\r ]+/g)].map((match) => ({
    text: match[0],
    column: value.column + match.index,
  }))

/** Anything made of digits and dots, or with a colon, is a name server; the rest are search domains. */
const isServer = (text: string): boolean => /^[0-9.]+$/.test(text) || text.includes(':')

const truth = (value: string, at: Position): boolean => {
  const word = lower(value)
  if (word === 'true' || word === 'false') return word === 'true'
  throw new WgqError('E_SAVE_CONFIG', `\`${value}' is neither true nor false`, {
    at,
    hint: 'write `SaveConfig = true`, or remove the line: false is the default',
  })
}

const trimBlanks = (text: string): string => {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

const isBlank = (code: number): boolean => code === 32 || code === 9
