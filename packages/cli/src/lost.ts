// SPDX-License-Identifier: MIT
import { shown } from '@wgq/model/shown'
import { writeErr } from './output.ts'

/** Says on stderr what a conversion could not carry over, a line each; what quotes a file is shown as anybody may see it. */
export const writeLost = (lost: readonly string[]): void => {
  writeErr(lost.map((line) => `wgq: lost: ${shown(line)}\n`).join(''))
}
