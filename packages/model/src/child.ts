// SPDX-License-Identifier: MIT

/** A child process that ran to its end. `status` is 127 for a missing program and 128 + number for a signal, as in a shell. */
export interface Finished {
  readonly status: number
  /** Empty unless captured. */
  readonly stdout: string
}

/** How a child process is started; standard streams are inherited unless said otherwise. */
export interface ChildOptions {
  /** What the child reads on its standard input. */
  readonly input?: string
  /** What the child reads on descriptor 3. */
  readonly script?: string
  /** Collect standard output instead of passing it on. */
  readonly capture?: boolean
  /** Throw away standard error. */
  readonly quiet?: boolean
  /** In a session of its own: survives Ctrl-C at the terminal. */
  readonly detached?: boolean
  /** Instead of the program's own environment. */
  readonly env?: NodeJS.ProcessEnv
}

/**
 * Runs a program to its end. What goes wrong is in the status. A program that only answers (captured, quiet, without input) is
 * asked again where a signal ended it; raises `Interrupted` where one ends it again.
 */
export type RunChild = (program: string, args: readonly string[], options?: ChildOptions) => Promise<Finished>
