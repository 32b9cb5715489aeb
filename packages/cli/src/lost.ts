// SPDX-License-Identifier: MIT
import { shown } from '@wgq/model/shown'
import { writeErr } from './output.ts'

/** Prints to stderr what a conversion lost, one line each; quoted file contents have their secrets hidden. */
export const writeLost = (lost: readonly string[]): void => {
  writeErr(lost.map((line) => `wgq: lost: ${shown(line)}\n`).join(''))
}
