// SPDX-License-Identifier: MIT

/**
 * Text as it may be shown to anybody, whatever file, name or neighbour it comes from: control characters are made visible
 * and what looks like a key is blotted out, character for character. A public key stays where the text calls it one.
 */
export const shown = (text: string): string => visible(hideKeys(text))

/**
 * The text without anything that could steer a terminal: control characters, and those that turn the direction of reading
 * around (Unicode's bidirectional controls) or break a line. Tabs stay.
 */
export const visible = (text: string): string =>
  text.replace(steering, (character) => {
    const code = character.charCodeAt(0)
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code < 0xa0 ? '\u2421' : '\ufffd'
  })

/** Lines of which each is {@link visible}. */
export const visibleLines = (text: string): string => text.split('\n').map(visible).join('\n')

/** JSON text without such characters: they are escaped, so that it means the same. */
export const plainJson = (json: string): string =>
  json.replace(steering, (character) =>
    // Line ends and blanks of an indented text.
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** Says whether a text has characters that {@link visible} would replace, or a tab. */
export const hasControls = (text: string): boolean => text.search(steering) >= 0 || text.includes('\t')

/** The text with every word that looks like a key blotted out. */
export const hideKeys = (text: string): string =>
  hideSpacedKeys(text).replace(/[A-Za-z0-9+/_-]{40,}={0,2}/g, (word, index: number) => {
    if (!looksLikeKey(word)) return word
    const isPublic = /public[ -]?key["']?\s*[=:]?\s*["']?$/i.test(text.slice(Math.max(0, index - 24), index))
    return isPublic && word.length === 44 ? word : '*'.repeat(word.length)
  })

/** The text without keys that have blanks in them: wg takes the blanks away. */
const hideSpacedKeys = (text: string): string =>
  text.replace(/[A-Za-z0-9+/]+(?:[ \t]+[A-Za-z0-9+/]+)*[ \t]*=?/g, (run) =>
    run.length > 44 && /[ \t]/.test(run) ? hideInRun(run) : run,
  )

const spacedKey = /^(?:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=|[0-9a-fA-F]{64})$/
const longestKey = 64

/** Words that together are a key. */
const hideInRun = (run: string): string => {
  const words = [...run.matchAll(/[A-Za-z0-9+/]+|=/g)].map(({ 0: word, index }) => ({ word, index }))
  let hidden = run
  for (const [last, { index, word }] of words.entries()) {
    let joined = ''
    for (let first = last; first >= 0 && joined.length < longestKey; first--) {
      const from = words[first] as { word: string; index: number }
      joined = from.word + joined
      if (first === last || !spacedKey.test(joined)) continue
      const end = index + word.length
      hidden =
        hidden.slice(0, from.index) + run.slice(from.index, end).replace(/[^ \t]/g, '*') + hidden.slice(end)
    }
  }
  return hidden
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is meant
const steering = /[\0-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** 32 bytes in base64 of either alphabet or in hexadecimal, and what may be more than one of them; a path is not. */
const looksLikeKey = (word: string): boolean => {
  if (word.endsWith('=') || /^[0-9a-fA-F]{64}$/.test(word)) return true
  const isPath = word.startsWith('/') && word.length !== 43
  return !isPath && /[a-z]/.test(word) && /[A-Z]/.test(word) && /[0-9]/.test(word)
}
