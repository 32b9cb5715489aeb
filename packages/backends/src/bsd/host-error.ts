// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import type { CommandResult } from './command-runner.ts'

/** The error of a host whose command failed: its own text and status, and how many operations took effect before. */
export class CommandError extends WgqError {
  readonly applied: number

  constructor(argv: readonly string[], result: CommandResult, applied: number) {
    const text = result.stderr.trimEnd() || `${argv[0]} ended with status ${result.status}`
    super('E_HOST', text, { exitCode: result.status || 1 })
    this.applied = applied
  }
}
