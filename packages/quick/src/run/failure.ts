// SPDX-License-Identifier: MIT

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
