// SPDX-License-Identifier: MIT

/** Length of a TAI64N timestamp. */
const timestampLength = 12

/** Timestamps that differ by this many nanoseconds differ in the bits that are sent. */
export const timestampStepNs = 1n << 24n

/** The label of 1970-01-01, with leap seconds as in all implementations. */
const epoch = 0x400000000000000an

/**
 * TAI64N of a wall clock time (nanoseconds since 1970), the low 24 bits of the nanoseconds cleared so that it
 * reveals little about the machine (spec protocol §5).
 */
export const tai64n = (unixNanoseconds: bigint): Buffer => {
  const out = Buffer.alloc(timestampLength)
  out.writeBigUInt64BE(epoch + unixNanoseconds / 1_000_000_000n, 0)
  out.writeUInt32BE(Number(unixNanoseconds % 1_000_000_000n) & 0xff000000, 8)
  return out
}
