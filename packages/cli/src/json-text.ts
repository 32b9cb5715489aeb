// SPDX-License-Identifier: MIT
import { plainJson } from '@wgq/model/shown'

/** Half a character, which no decoded text has: what follows it is a number. */
const numberMark = '\udc01'

/**
 * JSON text of which nothing steers a terminal; on one line where `indent` is 0. 64-bit numbers are written out in full, which
 * JSON allows and `JSON.stringify` does not do.
 */
export const jsonText = (value: unknown, indent = 2): string =>
  plainJson(
    JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? `${numberMark}${item}` : item), indent),
  ).replace(/"\\udc01([0-9]+)"/g, '$1')
