// SPDX-License-Identifier: MIT
import type { Foreign } from './foreign.ts'
import type { ForeignEntry, ForeignSection } from './unit-file.ts'

/**
 * Takes the lines of sections that are understood, and knows at the end which nobody asked for: what is not taken is lost, and
 * said.
 */
export class SectionReader {
  readonly #entries: readonly ForeignEntry[]
  readonly #taken = new Set<ForeignEntry>()

  constructor(sections: readonly ForeignSection[]) {
    this.#entries = sections.flatMap(({ entries }) => entries)
  }

  /** Every value of a key, in order; an empty one takes back those before it where `resets` says so (systemd). */
  all(key: string, resets = false): Foreign[] {
    const found = this.#take((entry) => entry.key === key)
    const from = resets ? found.findLastIndex(({ value }) => value.text === '') + 1 : 0
    return found
      .slice(from)
      .map(({ value }) => value)
      .filter(({ text }) => text !== '')
  }

  /** The last value of a key; undefined where there is none or it is empty. */
  one(key: string): Foreign | undefined {
    const value = this.#take((entry) => entry.key === key).at(-1)?.value
    return value?.text === '' ? undefined : value
  }

  /** Every value of the keys that match, in order. */
  matching(pattern: RegExp): ForeignEntry[] {
    return this.#take((entry) => pattern.test(entry.key))
  }

  /** Takes keys that say nothing about a tunnel. */
  ignore(...keys: string[]): void {
    this.#take((entry) => keys.includes(entry.key))
  }

  /** The lines that nobody took, as `Key=value`; empty ones say nothing. */
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

/** Sections by their name, for readers that look at each once. */
export const named = (sections: readonly ForeignSection[], name: string): ForeignSection[] =>
  sections.filter((section) => section.name === name)
