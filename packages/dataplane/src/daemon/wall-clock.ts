// SPDX-License-Identifier: MIT

let wallOffset = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint()

/** Nanoseconds since 1970, finer than Date.now() but following it when the clock is set. */
export const wallClock = (): bigint => {
  const fine = process.hrtime.bigint() + wallOffset
  const coarse = BigInt(Date.now()) * 1_000_000n
  const apart = fine - coarse
  if (apart > -2_000_000n && apart < 2_000_000n) return fine
  wallOffset += coarse - fine
  return coarse
}
