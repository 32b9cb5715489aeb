// SPDX-License-Identifier: MIT

import { visible } from '@wgq/model/shown'
import type { Personality } from './command.ts'
import { tellErr } from './output.ts'
import { isTerminal } from './terminal.ts'

/** Reports success in words on a terminal; scripts use the exit status, and `wg-quick` prints nothing. */
export const sayDone = (personality: Personality, status: number, words: string): number => {
  if (status === 0 && personality === 'wgq' && isTerminal(2)) tellErr(`${visible(words)}\n`)
  return status
}

/** The meaning of exit status 0 of `up` and `reload`. */
export const asFile = ({ name }: { readonly name: string }): string => `${name} is as its file says`
