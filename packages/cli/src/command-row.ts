// SPDX-License-Identifier: MIT
import type { Personality } from './command.ts'

/** What an operand or the value of an option stands for; decides how a shell completes it. */
export type ValueKind =
  | 'interface'
  | 'interface-or-all'
  | 'field'
  | 'file'
  | 'config'
  | 'peer'
  /** A name without `@`; the interface is the word before. */
  | 'peer-name'
  | 'number'
  | 'text'
  | 'verb'

/** A word behind the verb. */
export interface Operand {
  readonly name: string
  readonly kind: ValueKind
  readonly summary: string
  readonly optional?: boolean
  /** May be repeated. */
  readonly repeated?: boolean
}

/** A `--flag`, with a value where `valueName` is given. */
export interface Option {
  readonly name: string
  readonly short?: string
  readonly summary: string
  readonly valueName?: string
  readonly valueKind?: ValueKind
  /** `--watch` alone is allowed, `--watch=5` too. */
  readonly valueOptional?: boolean
}

/** A command line worth showing, and what it does. */
interface Example {
  readonly command: string
  readonly summary: string
}

/** One verb: the source of parsing, help, completions and manual pages. */
export interface Command {
  /** One word, or two (`peer add`). */
  readonly verb: string
  /** Names of the program that know this verb. */
  readonly personalities: readonly Personality[]
  readonly group: 'tunnel' | 'peers' | 'device' | 'keys' | 'config' | 'inspect' | 'about'
  /** One sentence without a full stop. */
  readonly summary: string
  /** What follows the verb in the usage line; for `wg` an interface fact (spec wg §1). */
  readonly usage: string
  readonly operands: readonly Operand[]
  /** Options of `wgq` only: `wg` and `wg-quick` take none. */
  readonly options: readonly Option[]
  readonly examples: readonly Example[]
  /** Paragraphs for help and the manual page. */
  readonly description?: readonly string[]
}
