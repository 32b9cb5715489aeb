// SPDX-License-Identifier: MIT
import type { RunChild } from '@wgq/model/child'
import type { FilterTables } from './filter-tables.ts'

/** How to read and write packet filters. */
export interface FilterTools {
  readonly run: RunChild
  /** Path of a program in PATH; undefined if it is not installed. */
  readonly find: (program: string) => string | undefined
  /**
   * The tables of packet filters as the kernel lists them; undefined if it cannot. Absent if programs must be run
   * instead: under upstream's name, in another namespace, on other systems.
   */
  readonly filterTables?: () => Promise<FilterTables | undefined>
  readonly readSysctl: (key: string) => string | undefined
}
