// SPDX-License-Identifier: MIT
// The encodings of keys. Browser bundles use browser/key-encoding.ts instead of this file.

/** The bytes of base64, in a new buffer. */
export const bytesOfBase64 = (text: string): Buffer => Buffer.from(text, 'base64')

/** Bytes as base64. */
export const toBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')

/** The bytes of hexadecimal digits. */
export const bytesOfHex = (text: string): Buffer => Buffer.from(text, 'hex')

/** Bytes as lower-case hexadecimal digits. */
export const toHex = (bytes: Buffer): string => bytes.toString('hex')
