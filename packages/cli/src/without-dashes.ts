// SPDX-License-Identifier: MIT

/** Operands without a leading `--`, for verbs that have no options. */
export const withoutDashes = (words: readonly string[]): readonly string[] =>
  words[0] === '--' ? words.slice(1) : words
