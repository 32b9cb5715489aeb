// SPDX-License-Identifier: MIT
import type { Machine } from '@wgq/native/bsd/machine'

/** Reads and writes numbers in a buffer in a machine's memory format; offsets and sizes are bytes. */
export interface Memory {
  u16(bytes: Buffer, at: number): number
  i32(bytes: Buffer, at: number): number
  u32(bytes: Buffer, at: number): number
  i64(bytes: Buffer, at: number): bigint
  u64(bytes: Buffer, at: number): bigint
  /** size_t. */
  word(bytes: Buffer, at: number): bigint
  setU16(bytes: Buffer, at: number, value: number): void
  setI32(bytes: Buffer, at: number, value: number): void
  setU32(bytes: Buffer, at: number, value: number): void
  setI64(bytes: Buffer, at: number, value: bigint): void
  setU64(bytes: Buffer, at: number, value: bigint): void
  setWord(bytes: Buffer, at: number, value: bigint): void
}

/** Returns the memory format of a machine. */
export const memoryOf = ({ littleEndian, wordBytes }: Machine): Memory => {
  const order = littleEndian ? littleEndianMemory : bigEndianMemory
  if (wordBytes === 8) return { ...order, word: order.u64, setWord: order.setU64 }
  return {
    ...order,
    word: (bytes, at) => BigInt(order.u32(bytes, at)),
    setWord: (bytes, at, value) => order.setU32(bytes, at, Number(value)),
  }
}

type Fixed = Omit<Memory, 'word' | 'setWord'>

const littleEndianMemory: Fixed = {
  u16: (bytes, at) => bytes.readUInt16LE(at),
  i32: (bytes, at) => bytes.readInt32LE(at),
  u32: (bytes, at) => bytes.readUInt32LE(at),
  i64: (bytes, at) => bytes.readBigInt64LE(at),
  u64: (bytes, at) => bytes.readBigUInt64LE(at),
  setU16: (bytes, at, value) => void bytes.writeUInt16LE(value, at),
  setI32: (bytes, at, value) => void bytes.writeInt32LE(value, at),
  setU32: (bytes, at, value) => void bytes.writeUInt32LE(value, at),
  setI64: (bytes, at, value) => void bytes.writeBigInt64LE(value, at),
  setU64: (bytes, at, value) => void bytes.writeBigUInt64LE(value, at),
}

const bigEndianMemory: Fixed = {
  u16: (bytes, at) => bytes.readUInt16BE(at),
  i32: (bytes, at) => bytes.readInt32BE(at),
  u32: (bytes, at) => bytes.readUInt32BE(at),
  i64: (bytes, at) => bytes.readBigInt64BE(at),
  u64: (bytes, at) => bytes.readBigUInt64BE(at),
  setU16: (bytes, at, value) => void bytes.writeUInt16BE(value, at),
  setI32: (bytes, at, value) => void bytes.writeInt32BE(value, at),
  setU32: (bytes, at, value) => void bytes.writeUInt32BE(value, at),
  setI64: (bytes, at, value) => void bytes.writeBigInt64BE(value, at),
  setU64: (bytes, at, value) => void bytes.writeBigUInt64BE(value, at),
}
