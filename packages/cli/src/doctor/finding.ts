// SPDX-License-Identifier: MIT

/** Result of one check of `wgq doctor`, which never changes anything. */
export interface Finding {
  /** Name of the check; stable, for scripts (docs/schema/doctor.json). */
  readonly check: string
  readonly status: 'ok' | 'info' | 'warning' | 'problem'
  /** What the check found, in one sentence. */
  readonly message: string
  /** How to fix it. */
  readonly hint?: string
}
