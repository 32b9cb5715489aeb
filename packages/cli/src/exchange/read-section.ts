// SPDX-License-Identifier: MIT
import type { Foreign } from './foreign.ts'
import type { ForeignEntry, ForeignSection } from './unit-file.ts'

/**
 * Returns the values of known keys and keeps track of the lines that were not read, which are lost in the conversion
 * and reported.
 */
export class SectionReader {
  readonly #entries: readonly ForeignEntry[]
  readonly #taken = new Set<ForeignEntry>()

  constructor(sections: readonly ForeignSection[]) {
    this.#entries = sections.flatMap(({ entries }) => entries)
  }

  /** Every value of a key, in order; with `resets`, an empty one discards those before it (systemd). */
  all(key: string, resets = false): Foreign[] {
    const found = this.#take((entry) => entry.key === key)
    const from = resets ? found.findLastIndex(({ value }) => value.text === '') + 1 : 0
    return found
      .slice(from)
      .map(({ value }) => value)
      .filter(({ text }) => text !== '')
  }

  /** The last value of a key; undefined if there is none or it is empty. */
  one(key: string): Foreign | undefined {
    const value = this.#take((entry) => entry.key === key).at(-1)?.value
    return value?.text === '' ? undefined : value
  }

  /** Every entry whose key matches, in order. */
  matching(pattern: RegExp): ForeignEntry[] {
    return this.#take((entry) => pattern.test(entry.key))
  }

  /** Marks keys that do not concern a tunnel as read. */
  ignore(...keys: string[]): void {
    this.#take((entry) => keys.includes(entry.key))
  }

  /** The lines that were not read, as `Key=value`; leaves out empty ones. */
  rest(): string[] {
    return this.#entries
      .filter((entry) => !this.#taken.has(entry) && entry.value.text !== '')
      .map(({ key, value }) => `${key}=${value.text}`)
  }

  #take(wanted: (entry: ForeignEntry) => boolean): ForeignEntry[] {
    const found = this.#entries.filter(wanted)
    for (const entry of found) this.#taken.add(entry)
    return found
  }
}

/** Sections with a name, for readers that read each section once. */
export const named = (sections: readonly ForeignSection[], name: string): ForeignSection[] =>
  sections.filter((section) => section.name === name)
