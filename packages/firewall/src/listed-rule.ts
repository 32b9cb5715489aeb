// SPDX-License-Identifier: MIT
import type { FilterRule } from './rule.ts'

/** Reads the fields of a listed rule: the first group of a pattern, as text or as a number; undefined without a match. */
export const fieldsOf = (
  text: string,
): {
  readonly word: (pattern: RegExp) => string | undefined
  readonly number: (pattern: RegExp) => number | undefined
} => {
  const word = (pattern: RegExp): string | undefined => pattern.exec(text)?.[1]
  const number = (pattern: RegExp): number | undefined => {
    const found = word(pattern)
    return found === undefined ? undefined : Number(found)
  }
  return { word, number }
}

/** Drops undefined fields, so that a rule either has a field or lacks it. */
export const given = (fields: Readonly<Record<string, unknown>>): FilterRule =>
  Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as unknown as FilterRule
