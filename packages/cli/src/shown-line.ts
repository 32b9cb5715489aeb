// SPDX-License-Identifier: MIT
import { isKey } from '@wgq/model/key'

/**
 * A line of a configuration file as it may be shown to anybody, column for column: what may be a private or preshared key is
 * blotted out, control characters are made visible.
 */
export const shownLine = (text: string): string => printable(hideSecrets(text))

/** The value of such a key however long it is, and any other long word of base64 that is not a public key. */
const hideSecrets = (text: string): string => {
  const equals = /^\s*(?:private|preshared)\s*key\s*=/i.exec(text)?.[0].length
  if (equals !== undefined) return text.slice(0, equals) + text.slice(equals).replace(/\S/g, '*')
  return text.replace(/[A-Za-z0-9+/_-]{40,}=?/g, (word, index: number) => {
    const isPublic = /public\s*key\s*=\s*$/i.test(text.slice(0, index)) && isKey(word)
    return isPublic ? word : '*'.repeat(word.length)
  })
}

/** A file must not be able to steer the terminal. */
const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is meant
  text.replace(/[\0-\x08\x0a-\x1f\x7f-\x9f]/g, (character) =>
    character < ' ' ? String.fromCharCode(0x2400 + character.charCodeAt(0)) : '\u2421',
  )
