// SPDX-License-Identifier: MIT

/** Name servers as given to their manager. */
export interface DnsState {
  /** As operations name it: `resolvconf:PREFIX`, `resolvectl`, `file:PATH`, `resolvd`. */
  readonly manager: string
  readonly servers: readonly string[]
  readonly search: readonly string[]
}
