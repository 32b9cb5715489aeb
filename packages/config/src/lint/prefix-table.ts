// SPDX-License-Identifier: MIT
import { type Cidr, formatCidr, maskCidr } from '@wgq/model/cidr'

/** Maps prefixes to values. A lookup takes one step per prefix length in use, not per prefix. */
export class PrefixTable<T> {
  readonly #values = new Map<string, T>()
  /** The lengths that occur, longest first. */
  readonly #lengths: Record<4 | 6, number[]>

  /** The first of equal prefixes wins. */
  constructor(entries: Iterable<readonly [Cidr, T]>) {
    const lengths = { 4: new Set<number>(), 6: new Set<number>() }
    for (const [cidr, value] of entries) {
      lengths[cidr.family].add(cidr.prefixLength)
      const prefix = formatCidr(maskCidr(cidr))
      if (!this.#values.has(prefix)) this.#values.set(prefix, value)
    }
    const longestFirst = (set: ReadonlySet<number>) => [...set].sort((a, b) => b - a)
    this.#lengths = { 4: longestFirst(lengths[4]), 6: longestFirst(lengths[6]) }
  }

  /** The value of the longest prefix that contains all of `inner`, of at least `leastLength` bits. */
  covering(inner: Cidr, leastLength = 0): T | undefined {
    for (const prefixLength of this.#lengths[inner.family]) {
      if (prefixLength > inner.prefixLength) continue
      if (prefixLength < leastLength) return undefined
      const value = this.#values.get(formatCidr(maskCidr({ ...inner, prefixLength })))
      if (value !== undefined) return value
    }
    return undefined
  }
}
