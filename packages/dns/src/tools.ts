// SPDX-License-Identifier: MIT
import type { RunChild } from '@wgq/model/child'

/** What managers of name servers are asked and told with. */
export interface DnsTools {
  readonly run: RunChild
  /** Path of a program by PATH; undefined where there is none. */
  readonly find: (program: string) => string | undefined
  /** The folder in which the files of name servers are looked for, instead of the machine's root: for a machine in memory. */
  readonly filesUnder?: string
}
