// SPDX-License-Identifier: MIT

/** Name servers as passed to their manager. */
export interface DnsState {
  /** As named in operations: `resolvconf:PREFIX`, `resolvectl`, `file:PATH`, `resolvd`. */
  readonly manager: string
  readonly servers: readonly string[]
  readonly search: readonly string[]
}
