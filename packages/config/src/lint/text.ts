// SPDX-License-Identifier: MIT
import { shellWord } from '@wgq/model/shell-word'
import type { Diagnostic } from '../diagnostic.ts'
import { isHookKey } from '../file-keys.ts'
import { lower, readQuickLine } from '../reading.ts'
import type { Rule, Subject } from './subject.ts'

/** The file itself: who may read it, how it is encoded, what its name means. */
export const textRules: Rule = (subject, dependencies) => [
  ...accessRules(subject, dependencies),
  ...fileName(subject),
  ...byteOrderMark(subject),
  ...emptyFile(subject),
  ...carriageReturns(subject),
  ...subject.document.lines.flatMap(({ text, number }) => characters(subject, text, number)),
]

const top = (subject: Subject) => ({ at: { file: subject.file, line: 1, column: 1 } })

/** Who may read the file. */
export const accessRules: Rule = (subject) => {
  if (!subject.worldAccessible) return []
  const message = 'Every user of this machine can read the file, and with it the private key'
  const hint = `chmod 600 ${shellWord(subject.file)}`
  return [{ code: 'world-accessible', severity: 'warning', ...top(subject), message, hint }]
}

const fileName = (subject: Subject): Diagnostic[] => {
  if (subject.purpose === 'setconf' || /(?:^|\/)[a-zA-Z0-9_=+.-]{1,15}\.conf$/.test(subject.file)) return []
  const message = 'wg-quick cannot use a file of this name: it wants the name of an interface and .conf'
  const hint = '1 to 15 letters, digits and _ = + . - before .conf'
  return [{ code: 'file-name', severity: 'info', ...top(subject), message, hint }]
}

const byteOrderMark = (subject: Subject): Diagnostic[] => {
  if (!subject.text.startsWith('\ufeff')) return []
  const message = 'The file begins with a byte-order mark: wg takes it for a part of the first line'
  const hint = 'save the file as UTF-8 without BOM'
  return [{ code: 'byte-order-mark', severity: 'error', ...top(subject), message, hint }]
}

/** wg and wg-quick accept it: `up` makes an interface with nothing in it. */
const emptyFile = (subject: Subject): Diagnostic[] => {
  if (subject.purpose === 'setconf' || subject.sections.length > 1) return []
  if (subject.sections.some(({ entries }) => entries.length > 0)) return []
  const message = 'The file has no section: neither a key nor an address nor a peer'
  const hint = 'begin with [Interface]; `wgq init NAME` writes a first file'
  return [{ code: 'empty-file', severity: 'warning', ...top(subject), message, hint }]
}

const carriageReturns = (subject: Subject): Diagnostic[] => {
  const line = subject.document.lines.find(({ ending }) => ending === '\r\n')
  if (!line) return []
  const at = { file: subject.file, line: line.number, column: line.text.length + 1 }
  const message = 'The lines end in CR LF, as on Windows: wg and wg-quick read them all the same'
  const hint = `sed -i 's/\\r$//' ${shellWord(subject.file)}`
  return [{ code: 'carriage-return', severity: 'info', at, message, hint }]
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is meant
const controls = /[\x01-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/

/** Invisible characters that wg does not treat as white space; in comments they do no harm. */
const characters = (subject: Subject, text: string, number: number): Diagnostic[] => {
  const at = (index: number) => ({ at: { file: subject.file, line: number, column: index + 1 } })
  const control = controls.exec(text)
  if (control) {
    const code = `U+${(control[0].codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}`
    const message = `A control character (${code}): it steers the terminal of whoever prints the line`
    const hint = 'remove it; nothing in a configuration needs one'
    return [{ code: 'control-character', severity: 'warning', ...at(control.index), message, hint }]
  }
  const nul = text.indexOf('\0')
  if (nul >= 0) {
    const message = 'A NUL byte: wg reads the line only up to here'
    return [{ code: 'nul-byte', severity: 'warning', ...at(nul), message }]
  }
  const key = lower(readQuickLine(text).key.text)
  const read = isHookKey(key) ? '' : text.replace(/#.*/s, '')
  const odd = /[\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000]|(?<!^)\ufeff/.exec(read)
  if (!odd) return []
  const code = `U+${(odd[0].codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}`
  const message = `An invisible character (${code}) that wg does not treat as white space`
  const hint = 'type the line anew; it was probably copied from a web page'
  return [{ code: 'odd-space', severity: 'error', ...at(odd.index), message, hint }]
}
