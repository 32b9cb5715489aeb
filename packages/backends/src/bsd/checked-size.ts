// SPDX-License-Identifier: MIT
import { malformedReply } from './malformed-reply.ts'

/** A million peers fit; a larger size means a misread layout. */
const mostBytes = 1 << 30

/** Checks a size that the kernel reports before it is allocated. Raises `E_DEVICE` (errno `EPROTO`) above 1 GiB. */
export const checkedSize = (size: bigint | number): number => {
  if (size > mostBytes) throw malformedReply('size', `at most ${mostBytes} bytes`, `${size}`)
  return Number(size)
}
