// SPDX-License-Identifier: MIT

/**
 * A child process that has exited. `status` is 127 for a missing program and 128 + number for a signal, as in a shell.
 */
export interface Finished {
  readonly status: number
  /** Empty unless captured. */
  readonly stdout: string
}

/** How to start a child process; standard streams are inherited by default. */
export interface ChildOptions {
  /** What the child reads on its standard input. */
  readonly input?: string
  /** What the child reads on descriptor 3. */
  readonly script?: string
  /** Collect standard output instead of passing it on. */
  readonly capture?: boolean
  /** Discard standard error. */
  readonly quiet?: boolean
  /** Start it in a new session, so that it survives Ctrl-C at the terminal. */
  readonly detached?: boolean
  /** Replaces the program's own environment. */
  readonly env?: NodeJS.ProcessEnv
}

/**
 * Runs a program and waits for it. Failures are in the status. A program that only queries (captured, quiet, without
 * input) is run again if a signal ended it; raises `Interrupted` if that happens twice.
 */
export type RunChild = (program: string, args: readonly string[], options?: ChildOptions) => Promise<Finished>
