// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import { hasControls } from '@wgq/model/shown'

/** When a hook runs, as the configuration file spells it. */
type HookTime = 'PreUp' | 'PostUp' | 'PreDown' | 'PostDown'

/** A command that runs with the tunnel. Created by {@link hook}, or read from a hook of a configuration file. */
export interface Hook {
  readonly time: HookTime
  readonly command: string
}

/**
 * A word of a hook: `plain` is written unchanged because this program wrote it; everything else is data and is quoted.
 */
export type Word = { readonly plain: string } | string

/** Builds a hook from words: the only way for a value of another program's file to get into a command. */
export const hook = (time: HookTime, words: readonly Word[]): Hook => ({
  time,
  command: words.map((word) => (typeof word === 'string' ? quoted(word) : word.plain)).join(' '),
})

/**
 * Quotes text as one word for any POSIX shell. wg-quick replaces `%i` anywhere and, before 1.0.20250521, cuts a hook at
 * `#` even inside quotes: the result contains neither. Raises `E_IMPORT` for control characters.
 */
export const quoted = (text: string): string => {
  if (hasControls(text)) {
    throw new WgqError('E_IMPORT', 'A word of a hook without control characters is expected')
  }
  if (/^[A-Za-z0-9_/.:=@,+-]+$/.test(text)) return text
  const safe = text.replaceAll("'", "'\\''").replaceAll('%i', "%''i").replaceAll('#', `'"$(printf '\\043')"'`)
  return `'${safe}'`
}
