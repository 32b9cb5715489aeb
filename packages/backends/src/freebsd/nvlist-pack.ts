// SPDX-License-Identifier: MIT
import {
  flagBigEndian,
  listHeader,
  listMagic,
  markerBytes,
  markerNext,
  markerUp,
  type NvList,
  type NvPair,
  nvType,
  pairHeader,
} from './nvlist.ts'

/**
 * Packs a list as nvlist_pack(3) does on a machine with this byte order. Empty arrays and empty binaries are not packable.
 */
export const packNvlist = (list: NvList, littleEndian = true): Buffer => {
  const out = Buffer.alloc(listBytes(list))
  writeList({ out, littleEndian }, 0, list)
  return out
}

interface Target {
  readonly out: Buffer
  readonly littleEndian: boolean
}

const setU64 = ({ out, littleEndian }: Target, at: number, value: bigint): void => {
  if (littleEndian) out.writeBigUInt64LE(value, at)
  else out.writeBigUInt64BE(value, at)
}

const listBytes = (list: NvList): number => list.reduce((sum, pair) => sum + pairBytes(pair), listHeader)

const pairBytes = (pair: NvPair): number => {
  const start = pairHeader + Buffer.byteLength(pair.name) + 1
  if (pair.type === 'nvlist') return start + listBytes(pair.value) + markerBytes
  if (pair.type !== 'nvlist[]') return start + flatData(pair, true).length
  return pair.value.reduce((sum, item) => sum + listBytes(item) + markerBytes, start)
}

/** Data of every type except nested lists. */
const flatData = (pair: Exclude<NvPair, { type: 'nvlist' | 'nvlist[]' }>, littleEndian: boolean): Buffer => {
  switch (pair.type) {
    case 'null':
      return Buffer.alloc(0)
    case 'bool':
      return Buffer.from([pair.value ? 1 : 0])
    case 'number':
      return numbers([pair.value], littleEndian)
    case 'string':
      return Buffer.from(`${pair.value}\0`)
    case 'binary':
      return pair.value
    case 'bool[]':
      return Buffer.from(pair.value.map(Number))
    case 'number[]':
      return numbers(pair.value, littleEndian)
    case 'string[]':
      return Buffer.from(pair.value.map((text) => `${text}\0`).join(''))
  }
}

const numbers = (values: readonly bigint[], littleEndian: boolean): Buffer => {
  const out = Buffer.alloc(values.length * 8)
  values.forEach((value, i) => {
    setU64({ out, littleEndian }, i * 8, BigInt.asUintN(64, value))
  })
  return out
}

const writeList = (target: Target, start: number, list: NvList): number => {
  const { out, littleEndian } = target
  const body = start + listHeader
  out[start] = listMagic
  out[start + 2] = littleEndian ? 0 : flagBigEndian
  // Not the size of this list: everything that follows its header in the whole buffer, also for a nested list.
  setU64(target, start + 11, BigInt(out.length - body))
  return list.reduce((at, pair) => writePair(target, at, pair), body)
}

const writePair = (target: Target, start: number, pair: NvPair): number => {
  if (pair.type === 'nvlist') {
    const at = writeHeader(target, start, nvType.nvlist, pair.name, listBytes(pair.value), 0)
    return writeHeader(target, writeList(target, at, pair.value), markerUp, '', 0, 0)
  }
  if (pair.type === 'nvlist[]') {
    const at = writeHeader(target, start, nvType['nvlist[]'], pair.name, 0, pair.value.length)
    return pair.value.reduce(
      (offset, item) => writeHeader(target, writeList(target, offset, item), markerNext, '', 0, 0),
      at,
    )
  }
  const data = flatData(pair, target.littleEndian)
  const items = Array.isArray(pair.type === 'null' ? undefined : pair.value)
    ? (pair as { value: readonly unknown[] }).value.length
    : 0
  const at = writeHeader(target, start, nvType[pair.type], pair.name, data.length, items)
  target.out.set(data, at)
  return at + data.length
}

const writeHeader = (
  target: Target,
  start: number,
  type: number,
  name: string,
  dataSize: number,
  items: number,
): number => {
  const { out, littleEndian } = target
  const nameSize = Buffer.byteLength(name) + 1
  out[start] = type
  if (littleEndian) out.writeUInt16LE(nameSize, start + 1)
  else out.writeUInt16BE(nameSize, start + 1)
  setU64(target, start + 3, BigInt(dataSize))
  setU64(target, start + 11, BigInt(items))
  out.write(name, start + pairHeader)
  return start + pairHeader + nameSize
}
