// SPDX-License-Identifier: MIT
import type { FilterTables } from '@wgq/firewall/filter-tables'
import { findProgram, searchPath } from '@wgq/quick/run/search-path'
import { readIptables } from './iptables-save.ts'
import { type Flowtable, readNft } from './nft-json.ts'
import type { Chain } from './ruleset.ts'

/** The packet filters of this network namespace, as far as they are readable. */
export interface Filters {
  readonly chains: readonly Chain[]
  readonly flowtables: readonly Flowtable[]
}

/** Returns the output of a program; undefined if it is not installed or fails. */
type Listing = (program: string, args: readonly string[]) => string | undefined

const timeoutMs = 5000

/** Lists packet filters with their own programs, but starts none if the kernel reports no tables. */
export const listingOf =
  (tables: FilterTables | undefined): Listing =>
  (program, args) =>
    tables === undefined || hasTables(program, tables) ? listing(program, args) : undefined

const hasTables = (program: string, { nft, iptables }: FilterTables): boolean =>
  program === 'nft' ? nft.length > 0 : iptables.has(program === 'iptables-save' ? 4 : 6)

/** Runs a program that only lists settings. */
const listing: Listing = (program, args) => {
  const path = searchPath(process.env['PATH'], true)
  const file = findProgram(path)(program)
  if (file === undefined) return undefined
  const { status, stdout } = process.getBuiltinModule('node:child_process').spawnSync(file, args, {
    env: { PATH: path },
    encoding: 'utf8',
    timeout: timeoutMs,
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return status === 0 ? stdout : undefined
}

/**
 * Reads `nft -j list ruleset`, `iptables-save` and `ip6tables-save`. Rules of iptables are read from its own listing,
 * because nft shows them in a different form.
 */
export const readFilters = (list: Listing): Filters => {
  const nft = readable(list('nft', ['-j', 'list', 'ruleset']))
  const iptables = ([4, 6] as const).flatMap((family) => {
    const text = list(family === 4 ? 'iptables-save' : 'ip6tables-save', ['-t', 'filter'])
    return text === undefined ? [] : readIptables(text, family)
  })
  const families = new Set(iptables.map(({ family }) => family))
  return {
    chains: [
      ...nft.chains.filter((chain) => !(isOfIptables(chain) && families.has(chain.family))),
      ...iptables,
    ],
    flowtables: nft.flowtables,
  }
}

/** A table that the nft-based iptables owns. */
const isOfIptables = ({ id }: Chain): boolean => /^ip6? filter /.test(id)

const readable = (text: string | undefined): { chains: Chain[]; flowtables: Flowtable[] } => {
  try {
    return readNft(text ?? '{}')
  } catch {
    return { chains: [], flowtables: [] }
  }
}
