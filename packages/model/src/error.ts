// SPDX-License-Identifier: MIT

/** A place in a file or an argument list: 1-based line and column, as editors count. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** What a {@link WgqError} may carry besides its code and message. */
interface WgqErrorDetails {
  /** Where the fault is. */
  readonly at?: Position
  /** What the reader can do next; one sentence, an action. */
  readonly hint?: string
  /** Exit status of the program when this error ends it; 1 unless given. */
  readonly exitCode?: number
  /** The system's error name (`EADDRINUSE`), where a system call failed. */
  readonly errno?: string
  /**
   * What `wg` prints for this fault, to the byte, where that differs from `message`: one character per byte (latin1),
   * because it quotes the input, which may be in any encoding and may be a secret. Only `wg`'s printer of fatal errors
   * uses it.
   */
  readonly wgText?: string
  readonly cause?: unknown
}

const brand: unique symbol = Symbol.for('wgq.error') as never

/**
 * The one error that wgq raises on purpose. `code` is stable API (`E_…`), `message` says what was expected and what was
 * found and never contains a secret. Anything else that is thrown is a bug.
 */
export class WgqError extends Error {
  readonly code: string
  readonly at: Position | undefined
  readonly hint: string | undefined
  readonly exitCode: number
  readonly errno: string | undefined
  readonly wgText: string | undefined
  readonly [brand] = true

  constructor(code: string, message: string, details: WgqErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'WgqError'
    this.code = code
    this.at = details.at
    this.hint = details.hint
    this.exitCode = details.exitCode ?? 1
    this.errno = details.errno
    this.wgText = details.wgText
  }
}

/** Recognises a {@link WgqError} across bundles too, where `instanceof` would see two classes. */
export const isWgqError = (error: unknown): error is WgqError =>
  typeof error === 'object' && error !== null && (error as { [brand]?: true })[brand] === true
