// SPDX-License-Identifier: MIT
import type { RunChild } from '@wgq/model/child'
import type { FilterTables } from './filter-tables.ts'

/** What packet filters are read and written with. */
export interface FilterTools {
  readonly run: RunChild
  /** Path of a program by PATH; undefined where there is none. */
  readonly find: (program: string) => string | undefined
  /**
   * Which tables packet filters have, as the kernel lists them; undefined where it does not say. Absent where their
   * programs are asked instead: under upstream's name, in another namespace, on other systems.
   */
  readonly filterTables?: () => Promise<FilterTables | undefined>
  readonly readSysctl: (key: string) => string | undefined
}
