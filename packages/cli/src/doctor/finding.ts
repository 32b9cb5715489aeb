// SPDX-License-Identifier: MIT

/** One thing `wgq doctor` looked at. Doctor only looks: nothing is changed. */
export interface Finding {
  /** What was looked at; stable, for scripts (docs/schema/doctor.json). */
  readonly check: string
  readonly status: 'ok' | 'info' | 'warning' | 'problem'
  /** What was found, one sentence. */
  readonly message: string
  /** What to do about it. */
  readonly hint?: string
}
