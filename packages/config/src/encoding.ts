// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'

/**
 * Detects a file in a two- or four-byte encoding from its text as decoded from UTF-8 or Latin-1; undefined if wg can
 * read the file. Returns a name that iconv(1) accepts.
 */
export const wideEncoding = (text: string): 'UTF-16' | 'UTF-16LE' | 'UTF-16BE' | 'UTF-32' | undefined => {
  if (/^(?:\xff\xfe\0\0|\0\0\xfe\xff)/.test(text)) return 'UTF-32'
  if (/^(?:\xff\xfe|\xfe\xff)/.test(text)) return 'UTF-16'
  // Without a byte-order mark: in ASCII text every other byte is zero.
  const pairs = text.slice(0, 64)
  if (pairs.length < 4) return undefined
  if (/^(?:[^\0]\0)+[^\0]?$/.test(pairs)) return 'UTF-16LE'
  if (/^(?:\0[^\0])+\0?$/.test(pairs)) return 'UTF-16BE'
  return undefined
}

/** Returns whether the lines of a text end with CR alone, as on old Macs: wg reads such a file as one line. */
export const endsLinesWithCr = (text: string): boolean =>
  /\r[^\r\n]/.test(text) && !text.trimEnd().includes('\n')

/**
 * Raises `E_ENCODING` for a file that is not UTF-8 without a byte-order mark. wg would report an unrecognized line and
 * quote the key in it.
 */
export const checkEncoding = (text: string, file: string): void => {
  if (endsLinesWithCr(text))
    throw new WgqError(
      'E_ENCODING',
      `The lines of \`${file}' end with CR alone, to wg all of it is one line`,
      {
        hint: `tr '\\r' '\\n' < ${file} makes lines of them`,
      },
    )
  const encoding = wideEncoding(text)
  if (encoding === undefined && !text.startsWith('\ufeff')) return
  const found = encoding ?? 'UTF-8 with a byte-order mark, which wg takes for a part of the first line'
  throw new WgqError('E_ENCODING', `\`${file}' has to be UTF-8, it is ${found}`, {
    hint:
      encoding === undefined
        ? `save it without BOM, or: sed -i '1s/^\\xef\\xbb\\xbf//' ${file}`
        : `save it as UTF-8, or: iconv -f ${encoding} -t UTF-8 ${file}`,
  })
}
