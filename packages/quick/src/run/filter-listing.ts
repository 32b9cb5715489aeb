// SPDX-License-Identifier: MIT
import type { FilterTables } from '@wgq/backends/linux/filter-tables'
import type { RunChild } from '../edges.ts'

/**
 * A runner that answers what the kernel says at once, without starting a program: `nft list tables`, and `iptables-save` of a
 * family that has no tables. Each start of one costs as much as all that the kernel does for a `down`. Where the kernel
 * does not say, and for everything else, `run` is asked.
 */
export const withoutListingPrograms =
  (run: RunChild, readTables: () => Promise<FilterTables | undefined>): RunChild =>
  async (program, args, options) => {
    const words = [program, ...args].join(' ')
    if (options?.capture && !options.itself && listings.test(words)) {
      const tables = await readTables()
      if (tables !== undefined) {
        if (program === 'nft')
          return { status: 0, stdout: tables.nft.map((table) => `table ${table}\n`).join('') }
        if (!tables.iptables.has(program === 'iptables-save' ? 4 : 6)) return { status: 0, stdout: '' }
      }
    }
    return run(program, args, options)
  }

const listings = /^(?:nft list tables|iptables-save|ip6tables-save)$/
