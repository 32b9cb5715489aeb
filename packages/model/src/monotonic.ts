// SPDX-License-Identifier: MIT

/** Milliseconds of a monotonic clock. `performance.now()` would load node:perf_hooks, 3 ms at each start. */
export const monotonicMs = (): number => {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}
