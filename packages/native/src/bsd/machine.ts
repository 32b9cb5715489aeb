// SPDX-License-Identifier: MIT
import { endianness } from 'node:os'
import { type HeaderFacts, headerTable } from './header-table.ts'

/** The BSDs by their names in `process.platform`. */
export type BsdPlatform = 'freebsd' | 'openbsd' | 'netbsd'

/** A BSD on one processor architecture: the layout of its kernel's structures, and of numbers in memory. */
export interface Machine {
  readonly littleEndian: boolean
  /** Bytes of size_t, of a long and of a pointer: 4 or 8. */
  readonly wordBytes: number
  /** A fact of the system's headers: `wg_peer_io.size`, `wg_peer_io.p_pka` (an offset), `SIOCSWG`. Raises `RangeError` for
   *  a name that is not in the table, which is a bug in wgq. */
  fact(name: string): number
}

/**
 * The machine of a system by Node's names, by default this one. Undefined if the table lacks the processor.
 */
export const machineOf = (
  platform: BsdPlatform,
  architecture: string = process.arch,
  byteOrder: 'LE' | 'BE' = endianness(),
): Machine | undefined => {
  const littleEndian = byteOrder === 'LE'
  const entries = headerTable[platform]
  const [first] = entries
  for (const name of namesOf(architecture, littleEndian)) {
    const entry = entries.find(({ architectures }) => architectures.includes(name))
    if (!first || !entry) continue
    const facts = { ...first.facts, ...entry.facts }
    if ((facts['little_endian'] === 1) === littleEndian) return machine(facts)
  }
  return undefined
}

/** The amd64 machine of a system, which is alike on all of them. */
export const amd64 = (platform: BsdPlatform): Machine => machine(headerTable[platform][0]?.facts ?? {})

// --- internal ---

/** Node uses one name for both byte orders of a processor. */
const namesOf = (architecture: string, littleEndian: boolean): string[] => [
  architecture,
  `${architecture}${littleEndian ? 'le' : 'be'}`,
  `${architecture}${littleEndian ? 'el' : 'eb'}`,
]

const machine = (facts: HeaderFacts): Machine => ({
  littleEndian: facts['little_endian'] === 1,
  wordBytes: facts['size_t.size'] ?? 8,
  fact: (name) => {
    const value = facts[name]
    if (value === undefined) throw new RangeError(`No fact named ${name} in the header table`)
    return value
  },
})
