// SPDX-License-Identifier: MIT
import type { Command } from '../command-row.ts'

/** The possible first words of a command line: verbs of one word, and the first words of the others, each once. */
export const firstWords = (rows: readonly Command[]): string[] => [
  ...new Set(rows.map(({ verb }) => verb.replace(/ .*/, ''))),
]
