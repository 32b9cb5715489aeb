// SPDX-License-Identifier: MIT
import type { Personality } from './command.ts'

/** What an operand or option value means; decides how a shell completes it. */
export type ValueKind =
  | 'interface'
  | 'interface-or-all'
  | 'field'
  | 'file'
  | 'config'
  | 'peer'
  /** A name without `@`; the preceding word is the interface. */
  | 'peer-name'
  | 'number'
  | 'text'
  | 'verb'

/** A word after the verb. */
export interface Operand {
  readonly name: string
  readonly kind: ValueKind
  readonly summary: string
  readonly optional?: boolean
  /** May be repeated. */
  readonly repeated?: boolean
}

/** A `--flag`; takes a value if `valueName` is set. */
export interface Option {
  readonly name: string
  readonly short?: string
  readonly summary: string
  readonly valueName?: string
  readonly valueKind?: ValueKind
  /** `--watch` alone is allowed, `--watch=5` too. */
  readonly valueOptional?: boolean
}

/** An example command line and what it does. */
interface Example {
  readonly command: string
  readonly summary: string
}

/** One verb: the source of parsing, help, completions and manual pages. */
export interface Command {
  /** One word, or two (`peer add`). */
  readonly verb: string
  /** Program names under which this verb exists. */
  readonly personalities: readonly Personality[]
  readonly group: 'tunnel' | 'peers' | 'device' | 'keys' | 'config' | 'inspect' | 'about'
  /** One sentence without a full stop. */
  readonly summary: string
  /** The part of the usage line after the verb; for `wg` an interface fact (spec wg §1). */
  readonly usage: string
  readonly operands: readonly Operand[]
  /** Options of `wgq` only: `wg` and `wg-quick` take none. */
  readonly options: readonly Option[]
  readonly examples: readonly Example[]
  /** Paragraphs for help and the manual page. */
  readonly description?: readonly string[]
}
