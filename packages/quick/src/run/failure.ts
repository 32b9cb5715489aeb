// SPDX-License-Identifier: MIT
import { constants } from 'node:os'
import { isWgqError } from '@wgq/model/error'
import { shown } from '@wgq/model/shown'

/** A step went wrong and the user has been told by the step itself; `status` is what the program ends with. */
export class Failure extends Error {
  readonly status: number
  /** How many operations of a row took effect before the one that failed. */
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

/** The exit status that a shell gives to a program that a signal ended: 128 and its number. */
export const signalStatus = (signal: NodeJS.Signals): number => 128 + constants.signals[signal]

/** The exit status of a run that a failed step or a signal ended. Raises everything else again. */
export const endedWith = (error: unknown): number => {
  if (error instanceof Failure) return error.status
  if (error instanceof Interrupted) return signalStatus(error.signal)
  throw error
}

/** The exit status of what went wrong while everything has to be tried; `print` reports what was not reported yet. */
export const statusOf = (error: unknown, print: (text: string) => void): number => {
  if (error instanceof Failure) return error.status
  const text = shown(error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error))
  print(isWgqError(error) ? `[!] ${text}.\n` : `[!] internal error: ${text}, please report; going on.\n`)
  return isWgqError(error) ? error.exitCode : 1
}
