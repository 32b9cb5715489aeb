// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import { hasControls } from '@wgq/model/shown'

/** When a hook runs, as the configuration file spells it. */
type HookTime = 'PreUp' | 'PostUp' | 'PreDown' | 'PostDown'

/** A command that runs with the tunnel. Made by {@link hook}, or taken from a hook of a configuration file. */
export interface Hook {
  readonly time: HookTime
  readonly command: string
}

/** A word that goes into a hook as it is, because this program wrote it; everything else is data and gets quoted. */
export type Word = { readonly plain: string } | string

/** A hook made of words: the only way in which a value of another program's file gets into a command. */
export const hook = (time: HookTime, words: readonly Word[]): Hook => ({
  time,
  command: words.map((word) => (typeof word === 'string' ? quoted(word) : word.plain)).join(' '),
})

/**
 * One word of any POSIX shell with exactly this text. wg-quick replaces `%i` anywhere and, before 1.0.20250521, cuts a hook
 * at `#` even inside quotes: neither is in the result. Raises `E_IMPORT` for control characters.
 */
export const quoted = (text: string): string => {
  if (hasControls(text)) {
    throw new WgqError('E_IMPORT', 'A word of a hook without control characters is expected')
  }
  if (/^[A-Za-z0-9_/.:=@,+-]+$/.test(text)) return text
  const safe = text.replaceAll("'", "'\\''").replaceAll('%i', "%''i").replaceAll('#', `'"$(printf '\\043')"'`)
  return `'${safe}'`
}
