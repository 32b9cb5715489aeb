// SPDX-License-Identifier: MIT

/**
 * Passes each line of a text to `take` with its number from 1, without `\n` or `\r\n`. It builds no list: collecting
 * ten million lines costs more than reading them.
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
