// SPDX-License-Identifier: MIT
import { constants } from 'node:os'
import { isWgqError } from '@wgq/model/error'
import { shown } from '@wgq/model/shown'

/** A step failed and has already printed why; `status` is the exit status of the program. */
export class Failure extends Error {
  readonly status: number
  /** How many operations of a row took effect before the failing one. */
  readonly applied: number

  constructor(status: number, applied = 0) {
    super(`A step failed with status ${status}`)
    this.name = 'Failure'
    this.status = status
    this.applied = applied
  }
}

/** A signal asked the program to stop. */
export class Interrupted extends Error {
  readonly signal: NodeJS.Signals

  constructor(signal: NodeJS.Signals) {
    super(`Interrupted by ${signal}`)
    this.name = 'Interrupted'
    this.signal = signal
  }
}

/** The exit status that a shell reports for a program that a signal ended: 128 plus its number. */
export const signalStatus = (signal: NodeJS.Signals): number => 128 + constants.signals[signal]

/** The exit status of a run that a failed step or a signal ended. Rethrows every other error. */
export const endedWith = (error: unknown): number => {
  if (error instanceof Failure) return error.status
  if (error instanceof Interrupted) return signalStatus(error.signal)
  throw error
}

/** The exit status of an error while other steps must still be tried; `print` gets what was not reported yet. */
export const statusOf = (error: unknown, print: (text: string) => void): number => {
  if (error instanceof Failure) return error.status
  const text = shown(error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error))
  print(isWgqError(error) ? `[!] ${text}.\n` : `[!] internal error: ${text}, please report; going on.\n`)
  return isWgqError(error) ? error.exitCode : 1
}
