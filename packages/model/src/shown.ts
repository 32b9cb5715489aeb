// SPDX-License-Identifier: MIT

/**
 * Makes text from any source (file, name, peer) safe to show: control characters are made visible, and anything that
 * looks like a key is masked, character for character. A public key stays if the text calls it one.
 */
export const shown = (text: string): string => visible(hideKeys(text))

/**
 * Returns the text with everything that could control a terminal made visible: control characters, Unicode's
 * bidirectional controls, and line separators. Tabs stay.
 */
export const visible = (text: string): string =>
  text.replace(steering, (character) => {
    const code = character.charCodeAt(0)
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code < 0xa0 ? '\u2421' : '\ufffd'
  })

/** Applies {@link visible} to each line. */
export const visibleLines = (text: string): string => text.split('\n').map(visible).join('\n')

/** Escapes such characters in JSON text, which keeps its meaning. */
export const plainJson = (json: string): string =>
  json.replace(steering, (character) =>
    // Line ends and blanks of an indented text.
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** Returns whether a text has characters that {@link visible} would replace, or a tab. */
export const hasControls = (text: string): boolean => text.search(steering) >= 0 || text.includes('\t')

/** Masks every word that looks like a key, also one with NUL bytes in between, as in UTF-16. */
export const hideKeys = (text: string): string => acrossNul(text, hideInText)

/**
 * Masks in a message what it quotes of a line near a column (from 1) and what is part of a key there: a list is split at
 * blanks, and so is a key with a blank in it.
 */
export const hideAsIn = (message: string, whole: string, column: number): string => {
  // Lines may be megabytes long, with a finding for each word.
  const line = whole.slice(Math.max(0, column - 1 - longestKey), column - 1 + 4 * longestKey)
  const hidden = hideKeys(line)
  if (hidden === line) return message
  return message.replace(/"([^"]{4,})"/g, (quote, word: string) => {
    const at = line.indexOf(word)
    return at < 0 ? quote : `"${hidden.slice(at, at + word.length)}"`
  })
}

/** Applies `hide`, which replaces character by character, to a text without its NUL bytes, and puts these back. */
export const acrossNul = (text: string, hide: (text: string) => string): string => {
  if (!text.includes('\0')) return hide(text)
  const hidden = hide(text.replaceAll('\0', ''))
  let next = 0
  return text.replace(/[^\0]/g, () => hidden[next++] as string)
}

const hideInText = (text: string): string =>
  hideSpacedKeys(text).replace(/[A-Za-z0-9+/_-]{40,}={0,2}/g, (word, index: number) => {
    if (!looksLikeKey(word)) return word
    const isPublic = /public[ -]?key["']?\s*[=:]?\s*["']?$/i.test(text.slice(Math.max(0, index - 24), index))
    return isPublic && word.length === 44 ? word : '*'.repeat(word.length)
  })

/** Masks keys that contain white space: wg removes it. */
const hideSpacedKeys = (text: string): string =>
  text.replace(/[A-Za-z0-9+/]+(?:[\t\v\f\r ]+[A-Za-z0-9+/]+)*[\t\v\f\r ]*=?/g, (run) =>
    run.length > 44 && /[\t\v\f\r ]/.test(run) ? hideInRun(run) : run,
  )

const spacedKey = /^(?:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=|[0-9a-fA-F]{64})$/
const longestKey = 64

/** Masks words that together form a key. */
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
        hidden.slice(0, from.index) +
        run.slice(from.index, end).replace(/[^\t\v\f\r ]/g, '*') +
        hidden.slice(end)
    }
  }
  return hidden
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is meant
const steering = /[\0-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** 32 bytes in hexadecimal or base64 of either alphabet, or possibly several of them; paths do not match. */
const looksLikeKey = (word: string): boolean => {
  if (word.endsWith('=') || /^[0-9a-fA-F]{64}$/.test(word)) return true
  const isPath = word.startsWith('/') && word.length !== 43
  return !isPath && /[a-z]/.test(word) && /[A-Z]/.test(word) && /[0-9]/.test(word)
}
