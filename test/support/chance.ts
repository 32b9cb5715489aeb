// SPDX-License-Identifier: MIT
import { randomInt } from 'node:crypto'

/** Pseudo-random numbers that repeat with the same seed. */
export class Chance {
  /** Tests print it on failure; WGQ_TEST_SEED=SEED repeats the run. */
  readonly seed: number
  private state: number

  constructor(seed: number = Number(process.env['WGQ_TEST_SEED'] ?? randomInt(1, 1 << 30))) {
    this.seed = seed
    this.state = seed
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    // mulberry32
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let t = this.state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return least + (((t ^ (t >>> 14)) >>> 0) % (most - least + 1))
  }

  /** One of the given values. */
  of<T>(all: readonly [T, ...T[]]): T {
    return all[this.between(0, all.length - 1)] ?? all[0]
  }
}
