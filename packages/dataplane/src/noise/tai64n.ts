// SPDX-License-Identifier: MIT

/** Length of a TAI64N timestamp. */
export const timestampLength = 12

/**
 * TAI64N of a wall clock time (nanoseconds since 1970), the low 24 bits of the nanoseconds cleared so that it tells
 * little about the machine (spec protocol §5).
 */
export const tai64n = (unixNanoseconds: bigint): Buffer => {
  const out = Buffer.alloc(timestampLength)
  out.writeBigUInt64BE(0x400000000000000an + unixNanoseconds / 1_000_000_000n, 0)
  out.writeUInt32BE(Number(unixNanoseconds % 1_000_000_000n) & 0xff000000, 8)
  return out
}
