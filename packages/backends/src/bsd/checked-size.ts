// SPDX-License-Identifier: MIT
import { malformedReply } from './malformed-reply.ts'

/** A million peers fit; anything larger is not a size but a misread layout. */
const mostBytes = 1 << 30

/** A size that the kernel reports, as a number to allocate. Raises `E_DEVICE` (errno `EPROTO`) above 1 GiB. */
export const checkedSize = (size: bigint | number): number => {
  if (size > mostBytes) throw malformedReply('size', `at most ${mostBytes} bytes`, `${size}`)
  return Number(size)
}
