// SPDX-License-Identifier: MIT
import type { Position } from '@wgq/model/error'

/** `error`: wg or wg-quick refuses or breaks on it. `warning`: accepted, but not what it looks like. `info`: worth knowing. */
type Severity = 'error' | 'warning' | 'info'

/** Another place that belongs to a finding: "claimed here as well". */
interface Related {
  readonly at: Position
  readonly message: string
}

/** A finding about a configuration file. A value, not an exception: the caller decides what to do with it. */
export interface Diagnostic {
  /** Stable name of the rule (`allowed-ips-overlap`), described in docs/lint.md. */
  readonly code: string
  readonly severity: Severity
  readonly at: Position
  /** Columns that the caret underlines; 1 unless given. */
  readonly width?: number
  /** What was expected and what was found; never a private or preshared key. */
  readonly message: string
  /** What to do about it. */
  readonly hint?: string
  readonly related?: readonly Related[]
  /** How many more findings of this code the file has; they are only counted. */
  readonly more?: number
}
