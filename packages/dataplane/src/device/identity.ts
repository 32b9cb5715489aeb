// SPDX-License-Identifier: MIT
import type { Key } from '@wgq/model/key'

/** The own keys of a device, as its configuration shows them. */
export interface Identity {
  /** The private key, clamped. */
  readonly privateText: Key
  readonly publicText: Key
}
