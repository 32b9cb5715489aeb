// SPDX-License-Identifier: MIT
import { isTerminal } from '../terminal.ts'

/** How to highlight parts of the readable output; without colour every function returns its text unchanged. */
export interface Paint {
  readonly reset: string
  readonly heading: (colour: 'green' | 'yellow', word: string, value: string) => string
  readonly label: (text: string) => string
  readonly cyan: (text: string) => string
  readonly red: (text: string) => string
}

const plain: Paint = {
  reset: '',
  heading: (_colour, word, value) => `${word}: ${value}`,
  label: (text) => `  ${text}: `,
  cyan: (text) => text,
  red: (text) => text,
}

const codes = { green: '\x1b[32m', yellow: '\x1b[33m' }

// spec wg §2.3, to the byte
const coloured: Paint = {
  reset: '\x1b[0m',
  heading: (colour, word, value) => `${codes[colour]}\x1b[1m${word}\x1b[0m: ${codes[colour]}${value}\x1b[0m`,
  label: (text) => `  \x1b[1m${text}\x1b[0m: `,
  cyan: (text) => `\x1b[36m${text}\x1b[0m`,
  red: (text) => `\x1b[31m${text}\x1b[0m`,
}

/** The paint for standard output according to WG_COLOR_MODE: `always`, `never`, else colour only on terminals. */
export const paintFor = (mode: string | undefined): Paint =>
  mode === 'always' || (mode !== 'never' && isTerminal(1)) ? coloured : plain
