// SPDX-License-Identifier: MIT
import { isUtf8 } from 'node:buffer'

/** The text of a file together with what is needed to write the same bytes again. */
export interface Source {
  readonly text: string
  /** `latin1` where the bytes are not valid UTF-8: then every byte is one character. */
  readonly encoding: 'utf8' | 'latin1'
}

/**
 * Decodes any bytes without loss: `encodeSource(decodeSource(bytes))` has the same bytes. A byte-order mark is kept.
 */
export const decodeSource = (bytes: Buffer): Source => {
  const encoding = isUtf8(bytes) ? 'utf8' : 'latin1'
  return { text: bytes.toString(encoding), encoding }
}

/** The bytes of a source; for a text derived from one (edited, stripped) pass the encoding of the original. */
export const encodeSource = (source: Source): Buffer => Buffer.from(source.text, source.encoding)
