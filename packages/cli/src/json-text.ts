// SPDX-License-Identifier: MIT
import { plainJson } from '@wgq/model/shown'

/** A lone surrogate, which no decoded text contains, marks a number. */
const numberMark = '\udc01'

/**
 * Serialises a value as JSON without characters that control a terminal; `indent` 0 gives a single line. Writes 64-bit
 * numbers in full, which JSON allows but `JSON.stringify` does not support.
 */
export const jsonText = (value: unknown, indent = 2): string =>
  plainJson(
    JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? `${numberMark}${item}` : item), indent),
  ).replace(/"\\udc01([0-9]+)"/g, '$1')
