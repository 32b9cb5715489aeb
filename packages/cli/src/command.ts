// SPDX-License-Identifier: MIT

/** Under which name the program was called; decides grammar, messages and help. */
export type Personality = 'wg' | 'wg-quick' | 'wgq'

/** One call of a verb. */
export interface Invocation {
  readonly personality: Personality
  /** How messages name the program: what the user typed, as far as a script can know it. */
  readonly program: string
  readonly verb: string
  /** What follows the verb. */
  readonly args: readonly string[]
}

/** Carries out a verb, printing on process.stdout and process.stderr; resolves to the exit status. */
export type Handler = (invocation: Invocation) => Promise<number>
