// SPDX-License-Identifier: MIT
import {
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

/** Packs a list as nvlist_pack(3) of a little-endian machine does. Empty arrays and empty binaries are not packable. */
export const packNvlist = (list: NvList): Buffer => {
  const out = Buffer.alloc(listBytes(list))
  writeList(out, 0, list)
  return out
}

const listBytes = (list: NvList): number => list.reduce((sum, pair) => sum + pairBytes(pair), listHeader)

const pairBytes = (pair: NvPair): number => {
  const start = pairHeader + Buffer.byteLength(pair.name) + 1
  if (pair.type === 'nvlist') return start + listBytes(pair.value) + markerBytes
  if (pair.type !== 'nvlist[]') return start + flatData(pair).length
  return pair.value.reduce((sum, item) => sum + listBytes(item) + markerBytes, start)
}

/** Data of every type but the nested ones. */
const flatData = (pair: Exclude<NvPair, { type: 'nvlist' | 'nvlist[]' }>): Buffer => {
  switch (pair.type) {
    case 'null':
      return Buffer.alloc(0)
    case 'bool':
      return Buffer.from([pair.value ? 1 : 0])
    case 'number':
      return numbers([pair.value])
    case 'string':
      return Buffer.from(`${pair.value}\0`)
    case 'binary':
      return pair.value
    case 'bool[]':
      return Buffer.from(pair.value.map(Number))
    case 'number[]':
      return numbers(pair.value)
    case 'string[]':
      return Buffer.from(pair.value.map((text) => `${text}\0`).join(''))
  }
}

const numbers = (values: readonly bigint[]): Buffer => {
  const out = Buffer.alloc(values.length * 8)
  values.forEach((value, i) => {
    out.writeBigUInt64LE(BigInt.asUintN(64, value), i * 8)
  })
  return out
}

const writeList = (out: Buffer, start: number, list: NvList): number => {
  const body = start + listHeader
  out[start] = listMagic
  // Not the size of this list: everything that follows its header in the whole buffer, also for a nested list.
  out.writeBigUInt64LE(BigInt(out.length - body), start + 11)
  return list.reduce((at, pair) => writePair(out, at, pair), body)
}

const writePair = (out: Buffer, start: number, pair: NvPair): number => {
  if (pair.type === 'nvlist') {
    const at = writeHeader(out, start, nvType.nvlist, pair.name, listBytes(pair.value), 0)
    return writeHeader(out, writeList(out, at, pair.value), markerUp, '', 0, 0)
  }
  if (pair.type === 'nvlist[]') {
    const at = writeHeader(out, start, nvType['nvlist[]'], pair.name, 0, pair.value.length)
    return pair.value.reduce(
      (offset, item) => writeHeader(out, writeList(out, offset, item), markerNext, '', 0, 0),
      at,
    )
  }
  const data = flatData(pair)
  const items = Array.isArray(pair.type === 'null' ? undefined : pair.value)
    ? (pair as { value: readonly unknown[] }).value.length
    : 0
  const at = writeHeader(out, start, nvType[pair.type], pair.name, data.length, items)
  out.set(data, at)
  return at + data.length
}

const writeHeader = (
  out: Buffer,
  start: number,
  type: number,
  name: string,
  dataSize: number,
  items: number,
): number => {
  const nameSize = Buffer.byteLength(name) + 1
  out[start] = type
  out.writeUInt16LE(nameSize, start + 1)
  out.writeBigUInt64LE(BigInt(dataSize), start + 3)
  out.writeBigUInt64LE(BigInt(items), start + 11)
  out.write(name, start + pairHeader)
  return start + pairHeader + nameSize
}
