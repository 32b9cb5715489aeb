// SPDX-License-Identifier: MIT
import type { Diagnostic } from '../diagnostic.ts'
import { among, isHookKey, peerKeys, quickKeys, wgInterfaceKeys } from '../file-keys.ts'
import { nearest } from '../nearest.ts'
import type { Entry, Section } from '../outline.ts'
import { lower, readQuickLine, readWgLine } from '../reading.ts'
import { foreignSection, isProductKey } from './products.ts'
import type { Rule, Subject } from './subject.ts'
import { headerSpot, spot } from './subject.ts'

const isQuickKey = among(quickKeys)

/** The keys that the interface section of this file may have. */
const interfaceKeys = (subject: Subject): readonly string[] =>
  subject.purpose === 'setconf' ? wgInterfaceKeys : [...wgInterfaceKeys, ...quickKeys]

/** Lines and headers that wg does not recognise: a single one makes it refuse the whole file (spec wg §5.1). */
export const lineRules: Rule = (subject) =>
  subject.sections.flatMap((section) => [
    ...headerFindings(subject, section),
    ...section.entries.flatMap((entry) => lineFinding(subject, section, entry) ?? []),
  ])

const headerFindings = (subject: Subject, section: Section): Diagnostic[] => {
  const text = subject.document.lines[section.header]?.text ?? ''
  const place = headerSpot(subject, section)
  if (section.kind === 'other') {
    const known = foreignSection(subject, section)
    if (known) return [known]
    const word = readWgLine(text).clean.replace(/[[\]]/g, '')
    const guess = nearest(word, ['Interface', 'Peer'])
    const hint = guess === undefined ? 'the sections are [Interface] and [Peer]' : `did you mean [${guess}]?`
    return [
      { code: 'unknown-section', severity: 'error', ...place, message: 'wg knows no such section', hint },
    ]
  }
  const quick = lower(readQuickLine(text).key.text)
  if (section.kind !== 'interface' || quick === '[interface]') return []
  const message = 'wg-quick does not take this for [Interface]: it passes the keys below on to wg'
  return [
    {
      code: 'section-spelling',
      severity: 'warning',
      ...place,
      message,
      hint: 'write [Interface] without blanks inside',
    },
  ]
}

const lineFinding = (subject: Subject, section: Section, entry: Entry): Diagnostic | undefined => {
  const { key, name, value } = entry
  const place = spot(subject, entry, name)
  const mark = /^(?:;|\/\/|--)/.exec(name.text)?.[0]
  if (mark !== undefined) {
    return {
      code: 'unknown-key',
      severity: 'error',
      ...place,
      message: `"${mark}" does not begin a comment`,
      hint: 'use "#"',
    }
  }
  if (section.kind === 'none') {
    return {
      code: 'no-section',
      severity: 'error',
      ...place,
      message: 'This line is before the first section',
      hint: 'put [Interface] or [Peer] above it',
    }
  }
  if (section.kind === 'other') return undefined
  const allowed = section.kind === 'peer' ? peerKeys : interfaceKeys(subject)
  if (isProductKey(key)) return undefined
  if (!allowed.some((known) => lower(known) === key)) return misplaced(subject, section, entry, allowed)
  if (!entry.hasEquals) {
    return {
      code: 'missing-equals',
      severity: 'error',
      ...place,
      message: `"${name.text}" has no "=" and no value`,
      hint: 'write `Key = value`, or put "#" in front',
    }
  }
  if (value.text !== '') return undefined
  if (isQuickKey(key) && key !== 'saveconfig') {
    const effect = isHookKey(key) ? 'runs nothing' : 'has no effect'
    return { code: 'empty-value', severity: 'info', ...place, message: `An empty ${name.text} ${effect}` }
  }
  if (key === 'saveconfig') return undefined
  return {
    code: 'empty-value',
    severity: 'error',
    ...place,
    message: `${name.text} needs a value: wg refuses the file`,
    hint: 'remove the line to leave the value unset',
  }
}

/** Cache of guesses, for lines that occur thousands of times. */
const guesses = new Map<string, string | undefined>()

const guessOf = (key: string, allowed: readonly string[]): string | undefined => {
  const question = `${allowed.length} ${key}`
  if (!guesses.has(question)) {
    if (guesses.size > 100) guesses.clear()
    guesses.set(question, nearest(key, allowed))
  }
  return guesses.get(question)
}

const misplaced = (
  subject: Subject,
  section: Section,
  entry: Entry,
  allowed: readonly string[],
): Diagnostic => {
  const { key, name } = entry
  const place = { severity: 'error', ...spot(subject, entry, name) } as const
  const is = (known: string): boolean => lower(known) === key
  if (subject.purpose === 'setconf' && section.kind === 'interface' && quickKeys.some(is)) {
    return {
      code: 'quick-key',
      ...place,
      message: `${name.text} is a key of wg-quick: wg setconf refuses the file`,
      hint: 'give wg the output of `wgq strip`',
    }
  }
  const other = section.kind === 'peer' ? [...wgInterfaceKeys, ...quickKeys] : peerKeys
  if (other.some(is)) {
    const home = section.kind === 'peer' ? 'Interface' : 'Peer'
    return {
      code: 'misplaced-key',
      ...place,
      message: `${name.text} belongs in [${home}]`,
      hint: `move the line below a [${home}] header`,
    }
  }
  const guess = guessOf(key, allowed)
  return {
    code: 'unknown-key',
    ...place,
    // A longer word is not a misspelt key; it may be a secret without its key name.
    message: `${name.text.length > 24 ? 'This line' : `"${name.text}"`} is not a key of this section`,
    hint:
      guess !== undefined
        ? `did you mean "${guess}"?`
        : /^(?:name|client_?name|friendly_?name|description|comment|remarks?)$/.test(key)
          ? 'write it as a comment: # Name = …'
          : `known here: ${allowed.join(', ')}`,
  }
}
