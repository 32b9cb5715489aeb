// SPDX-License-Identifier: MIT
import { closeSync, openSync, readSync } from 'node:fs'

/** Number of indices per read of the kernel's generator. */
const batch = 64

/** Random 32-bit numbers from the kernel; loading node:crypto for them would cost 4 ms at each start of the daemon. */
export class RandomIndices {
  private readonly bytes = Buffer.alloc(batch * 4)
  private readonly fd = openSync('/dev/urandom', 'r')
  private used = batch

  /** Returns an unpredictable integer from 0 to 2^32 − 1. Raises the system's error if the generator fails. */
  next(): number {
    if (this.used === batch) {
      if (readSync(this.fd, this.bytes) !== this.bytes.length) throw new Error('/dev/urandom: short read')
      this.used = 0
    }
    return this.bytes.readUInt32LE(this.used++ * 4)
  }

  close(): void {
    closeSync(this.fd)
  }
}
