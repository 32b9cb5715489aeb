// SPDX-License-Identifier: MIT
import type { RunChild } from '@wgq/model/child'

/** How to query and change managers of name servers. */
export interface DnsTools {
  readonly run: RunChild
  /** Path of a program in PATH; undefined if it is not installed. */
  readonly find: (program: string) => string | undefined
  /** The root directory of the files of name servers, instead of the machine's: for a machine in memory. */
  readonly filesUnder?: string
}
