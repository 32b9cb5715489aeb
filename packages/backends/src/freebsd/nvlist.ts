// SPDX-License-Identifier: MIT

/**
 * A name/value list as packed by nv(9), the format of FreeBSD's wg(4) (spec bsd §2.2). Pairs keep their order; names
 * are case sensitive and unique.
 */
export type NvList = readonly NvPair[]

/** One pair. Numbers are unsigned 64-bit. Descriptors do not occur in packed lists and are refused. */
export type NvPair = { readonly name: string } & NvValue

/** The value of a pair, tagged with its nv(9) type. */
export type NvValue =
  | { readonly type: 'null' }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'number'; readonly value: bigint }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'nvlist'; readonly value: NvList }
  | { readonly type: 'binary'; readonly value: Buffer }
  | { readonly type: 'bool[]'; readonly value: readonly boolean[] }
  | { readonly type: 'number[]'; readonly value: readonly bigint[] }
  | { readonly type: 'string[]'; readonly value: readonly string[] }
  | { readonly type: 'nvlist[]'; readonly value: readonly NvList[] }

/** Type bytes on the wire. */
export const nvType = {
  null: 1,
  bool: 2,
  number: 3,
  string: 4,
  nvlist: 5,
  binary: 7,
  'bool[]': 8,
  'number[]': 9,
  'string[]': 10,
  'nvlist[]': 11,
} as const

/** Ends one item of a list array. */
export const markerNext = 254

/** Ends a single nested list. */
export const markerUp = 255

/** Bytes of a list header: magic, version, flags, descriptors (u64), bytes that follow in the whole buffer (u64). */
export const listHeader = 19

/** Bytes of a pair header: type, name size with NUL (u16), data size (u64), items (u64). */
export const pairHeader = 19

/** A marker is a pair header and the empty name with its NUL. */
export const markerBytes = pairHeader + 1

/** First byte of every list. */
export const listMagic = 0x6c

/** Flag of a list that a big-endian machine packed. */
export const flagBigEndian = 0x80

/** Longest name, NUL included (NV_NAME_MAX). */
export const mostNameBytes = 2048
