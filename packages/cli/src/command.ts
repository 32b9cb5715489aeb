// SPDX-License-Identifier: MIT

/** The name under which the program was called; decides grammar, messages and help. */
export type Personality = 'wg' | 'wg-quick' | 'wgq'

/** One call of a verb. */
export interface Invocation {
  readonly personality: Personality
  /** The program name in messages: what the user typed, as far as a script can find out. */
  readonly program: string
  readonly verb: string
  /** The words after the verb. */
  readonly args: readonly string[]
  /** Writes the compiled code that is cached, for a process that cannot do so at its end. */
  readonly writeCompiledCode?: () => void
}

/** Carries out a verb, printing on process.stdout and process.stderr; resolves to the exit status. */
export type Handler = (invocation: Invocation) => Promise<number>
