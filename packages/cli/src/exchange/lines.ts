// SPDX-License-Identifier: MIT

/**
 * Hands out the lines of a text with their numbers from 1, without `\n` or `\r\n`. One at a time: a list of ten million lines
 * costs more to collect than to read.
 */
export const eachLine = (text: string, take: (line: string, number: number) => void): void => {
  let number = 1
  for (let start = 0; start <= text.length; number++) {
    const end = text.indexOf('\n', start)
    const last = end < 0 ? text.length : end
    const isCr = end > start && text.charCodeAt(end - 1) === 13
    take(text.slice(start, isCr ? last - 1 : last), number)
    start = last + 1
  }
}
