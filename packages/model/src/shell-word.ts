// SPDX-License-Identifier: MIT

/** Quotes a path as one word of a command that a hint proposes. A path that begins with `-` gets `./` in front. */
export const shellWord = (path: string): string => {
  const text = path.startsWith('-') ? `./${path}` : path
  return /^[A-Za-z0-9_/.:=@,+~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
