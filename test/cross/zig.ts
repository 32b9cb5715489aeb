// SPDX-License-Identifier: MIT
import { zig } from '../../scripts/build/zig.mjs'

/** Says why there is no cross compiler here, or undefined when there is one; fetches it on first use. */
export const whyNoZig = (): string | undefined => {
  if (process.platform !== 'linux') return 'written for Linux'
  try {
    zig()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
