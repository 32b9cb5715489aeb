// SPDX-License-Identifier: MIT
import { malformedReply } from '../bsd/malformed-reply.ts'
import {
  flagBigEndian,
  listHeader,
  listMagic,
  markerNext,
  markerUp,
  mostNameBytes,
  type NvList,
  type NvPair,
  type NvValue,
  nvType,
  pairHeader,
} from './nvlist.ts'

/** Lists of wg(4) nest three deep; a deeper buffer is not one of its replies. */
const mostDepth = 16

/**
 * Unpacks what nvlist_pack(3) wrote, on a machine of either byte order, accepting what nvlist_unpack(3) accepts (a list
 * array may lack its last marker) and refusing what it refuses. Raises `E_DEVICE` (errno `EPROTO`), nothing else.
 */
export const unpackNvlist = (packed: Buffer): NvList => {
  const reader: Reader = { packed, at: 0 }
  return readList(reader, undefined, 0)
}

interface Reader {
  readonly packed: Buffer
  at: number
}

interface PairHead {
  readonly type: number
  readonly name: string
  readonly dataSize: number
  readonly items: number
}

/** Reads a list up to its marker (`ends`), or to the end of the buffer. */
const readList = (reader: Reader, ends: number | undefined, depth: number): NvList => {
  if (depth > mostDepth) throw refuse('nesting', `at most ${mostDepth} levels`, 'more')
  const bigEndian = readListHeader(reader)
  const pairs: NvPair[] = []
  const names = new Set<string>()
  while (reader.at < reader.packed.length) {
    const head = readPairHead(reader, bigEndian)
    if (head.type === markerNext || head.type === markerUp) {
      if (head.type !== ends || head.dataSize !== 0 || head.items !== 0 || head.name !== '')
        throw refuse('marker', `${ends ?? 'none'} here`, String(head.type))
      return pairs
    }
    if (names.has(head.name)) throw refuse('names', 'each once', 'a duplicate')
    names.add(head.name)
    pairs.push({ name: head.name, ...readValue(reader, head, bigEndian, depth) })
  }
  return pairs
}

/** Checks a list header and returns its byte order. */
const readListHeader = (reader: Reader): boolean => {
  const { packed, at } = reader
  if (packed.length - at < listHeader)
    throw refuse('list header', `${listHeader} bytes`, String(packed.length - at))
  if (packed[at] !== listMagic) throw refuse('list header', `magic ${listMagic}`, String(packed[at]))
  // Byte 1 is the version, which no reader checks.
  const flags = packed[at + 2] as number
  if ((flags & ~flagBigEndian) !== 0) throw refuse('list flags', '0 or 0x80', `0x${flags.toString(16)}`)
  const bigEndian = flags === flagBigEndian
  const follows = packed.length - at - listHeader
  if (readSize(packed, at + 3, bigEndian) !== 0) throw refuse('descriptors', '0', 'some')
  const size = readSize(packed, at + 11, bigEndian)
  if (size !== follows) throw refuse('list size', `${follows} bytes to the end`, String(size))
  reader.at = at + listHeader
  return bigEndian
}

const readPairHead = (reader: Reader, bigEndian: boolean): PairHead => {
  const { packed, at } = reader
  if (packed.length - at < pairHeader)
    throw refuse('pair header', `${pairHeader} bytes`, String(packed.length - at))
  const nameSize = bigEndian ? packed.readUInt16BE(at + 1) : packed.readUInt16LE(at + 1)
  const end = at + pairHeader + nameSize
  if (nameSize < 1 || nameSize > mostNameBytes || end > packed.length)
    throw refuse('name size', `1 to ${mostNameBytes} and inside the buffer`, String(nameSize))
  const name = packed.subarray(at + pairHeader, end)
  if (name.indexOf(0) !== nameSize - 1) throw refuse('name', 'one NUL at its end', 'something else')
  reader.at = end
  return {
    type: packed[at] as number,
    name: name.toString('utf8', 0, nameSize - 1),
    dataSize: readSize(packed, at + 3, bigEndian),
    items: readSize(packed, at + 11, bigEndian),
  }
}

const readValue = (reader: Reader, head: PairHead, bigEndian: boolean, depth: number): NvValue => {
  const left = reader.packed.length - reader.at
  if (head.dataSize > left) throw refuse('data size', `at most ${left}`, String(head.dataSize))
  if (head.type === nvType.nvlist) return { type: 'nvlist', value: readList(reader, markerUp, depth + 1) }
  if (head.type === nvType['nvlist[]']) {
    // The data size of a list array is ignored: the items follow it.
    if (head.items < 1 || head.items > left) throw refuse('items', `1 to ${left}`, String(head.items))
    const value = Array.from({ length: head.items }, () => readList(reader, markerNext, depth + 1))
    return { type: 'nvlist[]', value }
  }
  const data = reader.packed.subarray(reader.at, reader.at + head.dataSize)
  reader.at += head.dataSize
  return readFlat(head, data, bigEndian)
}

const readFlat = (head: PairHead, data: Buffer, bigEndian: boolean): NvValue => {
  switch (head.type) {
    case nvType.null:
      expectSize(data, 0)
      return { type: 'null' }
    case nvType.bool:
      expectSize(data, 1)
      return { type: 'bool', value: bools(data)[0] === true }
    case nvType.number:
      expectSize(data, 8)
      return { type: 'number', value: readNumber(data, 0, bigEndian) }
    case nvType.string:
      return { type: 'string', value: strings(data, 1)[0] as string }
    case nvType.binary:
      if (data.length === 0) throw refuse('binary', 'at least 1 byte', '0')
      return { type: 'binary', value: Buffer.from(data) }
    case nvType['bool[]']:
      expectItems(data, head.items, 1)
      return { type: 'bool[]', value: bools(data) }
    case nvType['number[]']:
      expectItems(data, head.items, 8)
      return {
        type: 'number[]',
        value: Array.from({ length: head.items }, (_, i) => readNumber(data, i * 8, bigEndian)),
      }
    case nvType['string[]']:
      return { type: 'string[]', value: strings(data, head.items) }
  }
  throw refuse('type', '1 to 5 or 7 to 11', String(head.type))
}

const bools = (data: Buffer): boolean[] =>
  Array.from(data, (byte) => {
    if (byte > 1) throw refuse('bool', '0 or 1', String(byte))
    return byte === 1
  })

const strings = (data: Buffer, items: number): string[] => {
  const texts = data.toString('utf8').split('\0')
  if (items < 1 || texts.length !== items + 1 || texts[items] !== '')
    throw refuse('string', `${items} with a NUL at the end of each`, `${texts.length - 1}`)
  return texts.slice(0, items)
}

const expectSize = (data: Buffer, size: number): void => {
  if (data.length !== size) throw refuse('data size', String(size), String(data.length))
}

const expectItems = (data: Buffer, items: number, each: number): void => {
  if (items < 1 || data.length !== items * each)
    throw refuse('array', `${items} items of ${each} bytes`, `${data.length} bytes`)
}

const readNumber = (bytes: Buffer, at: number, bigEndian: boolean): bigint =>
  bigEndian ? bytes.readBigUInt64BE(at) : bytes.readBigUInt64LE(at)

/** A size as a plain number; one above 2^53 cannot be right and stays too large for every check. */
const readSize = (bytes: Buffer, at: number, bigEndian: boolean): number =>
  Number(readNumber(bytes, at, bigEndian))

const refuse = (what: string, expected: string, found: string) =>
  malformedReply(`nvlist: ${what}`, expected, found)
