// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import { shellWord } from '@wgq/model/shell-word'

/** A name of an encoding with two or four bytes for each character, as iconv(1) accepts it. */
type WideEncoding = 'UTF-16' | 'UTF-16LE' | 'UTF-16BE' | 'UTF-32' | 'UTF-32LE' | 'UTF-32BE'

/**
 * Detects a file in a two- or four-byte encoding from its text as decoded from UTF-8 or Latin-1; undefined if wg can
 * read the file.
 */
export const wideEncoding = (text: string): WideEncoding | undefined => {
  if (/^(?:\xff\xfe\0\0|\0\0\xfe\xff)/.test(text)) return 'UTF-32'
  if (/^(?:\xff\xfe|\xfe\xff)/.test(text)) return 'UTF-16'
  // Without a byte-order mark: the words of a configuration are ASCII, so most characters have bytes that are zero.
  if (text.length < 4 || !text.includes('\0')) return undefined
  const zeros = [0, 0, 0, 0]
  const length = Math.min(text.length, 65536)
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) === 0) zeros[i % 4] = (zeros[i % 4] as number) + 1
  const [a, b, c, d] = zeros.map((count) => count > length / 16) as [boolean, boolean, boolean, boolean]
  if (b && c && d && !a) return 'UTF-32LE'
  if (a && b && c && !d) return 'UTF-32BE'
  if (b && d && !a && !c) return 'UTF-16LE'
  return a && c && !b && !d ? 'UTF-16BE' : undefined
}

// The first bytes, decoded from Latin-1: none of these files is UTF-8.
const binaryBeginnings: ReadonlyArray<readonly [beginning: string, name: string, hint: string]> = [
  ['PK\x03\x04', 'a ZIP archive', 'unpack it, for example with `unzip`'],
  ['\x1f\x8b', 'compressed by gzip', 'unpack it with `gunzip`, or with `tar xf`'],
  ['\xfd7zXZ', 'compressed by xz', 'unpack it with `unxz`, or with `tar xf`'],
  ['7z\xbc\xaf', 'a 7z archive', 'unpack it'],
  ['\x89PNG', 'a PNG picture', '`zbarimg --raw --quiet FILE` reads a QR code'],
  ['\xff\xd8\xff', 'a JPEG picture', '`zbarimg --raw --quiet FILE` reads a QR code'],
  ['%PDF-', 'a PDF document', 'copy the lines from [Interface] on into a text file'],
  ['\xd0\xcf\x11\xe0', 'a document of an office program', 'save it as plain text in UTF-8'],
  [
    '\x01\0\0\0\xd0\x8c\x9d\xdf',
    'encrypted by WireGuard for Windows',
    'in the app choose "Export all tunnels to zip"; no other machine can decrypt this file',
  ],
]

/** Identifies a file that is no text by its first bytes: what it is, and what to do; undefined for any other. */
export const binaryFile = (text: string): { readonly name: string; readonly hint: string } | undefined => {
  const known = binaryBeginnings.find(([beginning]) => text.startsWith(beginning))
  return known && { name: known[1], hint: known[2] }
}

/** Returns whether the lines of a text end with CR alone, as on old Macs: wg reads such a file as one line. */
export const endsLinesWithCr = (text: string): boolean =>
  /\r[^\r\n]/.test(text) && !text.trimEnd().includes('\n')

/**
 * Raises `E_ENCODING` for a file that is no text, or not UTF-8 without a byte-order mark. wg would report an
 * unrecognized line and quote the key in it.
 */
export const checkEncoding = (text: string, file: string): void => {
  const binary = binaryFile(text)
  if (binary)
    throw new WgqError('E_ENCODING', `\`${file}' has to be text in UTF-8, it is ${binary.name}`, {
      hint: binary.hint,
    })
  if (endsLinesWithCr(text))
    throw new WgqError(
      'E_ENCODING',
      `The lines of \`${file}' end with CR alone, to wg all of it is one line`,
      {
        hint: `tr '\\r' '\\n' < ${shellWord(file)} makes lines of them`,
      },
    )
  const encoding = wideEncoding(text)
  if (encoding === undefined && !text.startsWith('\ufeff')) return
  const found = encoding ?? 'UTF-8 with a byte-order mark, which wg takes for a part of the first line'
  throw new WgqError('E_ENCODING', `\`${file}' has to be UTF-8, it is ${found}`, {
    hint:
      encoding === undefined
        ? `save it without BOM, or: sed -i '1s/^\\xef\\xbb\\xbf//' ${shellWord(file)}`
        : `save it as UTF-8, or: iconv -f ${encoding} -t UTF-8 ${shellWord(file)}`,
  })
}
