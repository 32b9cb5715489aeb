// SPDX-License-Identifier: MIT

/**
 * Says which encoding of two or four bytes a file is in, whose text was decoded from UTF-8 or Latin-1; undefined for one that
 * wg can read. The name is one that iconv(1) knows.
 */
export const wideEncoding = (text: string): 'UTF-16' | 'UTF-16LE' | 'UTF-16BE' | 'UTF-32' | undefined => {
  if (/^(?:\xff\xfe\0\0|\0\0\xfe\xff)/.test(text)) return 'UTF-32'
  if (/^(?:\xff\xfe|\xfe\xff)/.test(text)) return 'UTF-16'
  // Without a mark: every other byte of what is written in ASCII is zero.
  const pairs = text.slice(0, 64)
  if (pairs.length < 4) return undefined
  if (/^(?:[^\0]\0)+[^\0]?$/.test(pairs)) return 'UTF-16LE'
  if (/^(?:\0[^\0])+\0?$/.test(pairs)) return 'UTF-16BE'
  return undefined
}

/** Says whether the lines of a text end with CR alone, as editors of old Macs wrote them: to wg all of it is one line. */
export const endsLinesWithCr = (text: string): boolean =>
  /\r[^\r\n]/.test(text) && !text.trimEnd().includes('\n')
