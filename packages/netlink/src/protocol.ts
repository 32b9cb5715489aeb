// SPDX-License-Identifier: MIT

/** Netlink families (third argument of socket(2)). */
export const netlinkRoute = 0
export const netlinkGeneric = 16

/** Bytes of `struct nlmsghdr`. */
export const headerBytes = 16
/** Bytes of `struct nlattr`. */
export const attributeHeaderBytes = 4

/** Message types below 16 belong to netlink itself (RFC 3549 §2.3.2). */
export const controlType = { noop: 1, error: 2, done: 3, overrun: 4 } as const

/** Flags of `struct nlmsghdr`. The upper byte means one thing in GET and another in NEW requests. */
export const flag = {
  request: 0x1,
  multi: 0x2,
  ack: 0x4,
  /** The dump is inconsistent because of a change meanwhile: repeat the request. */
  dumpInterrupted: 0x10,
  /** GET: NLM_F_ROOT | NLM_F_MATCH. */
  dump: 0x300,
  /** NEW: replace what exists. */
  replace: 0x100,
  /** NEW: refuse when it exists. */
  exclusive: 0x200,
  create: 0x400,
  /** Answer: the error repeats only the header of the request. */
  capped: 0x100,
  /** Answer: attributes follow (extended ACK). */
  ackAttributes: 0x200,
} as const

/** Attribute type bits that are not part of the number. */
export const nestedBit = 0x8000
export const typeMask = 0x3fff

/** Address families as the kernel numbers them on Linux. */
export const addressFamily = { 4: 2, 6: 10 } as const

/** Attribute padding: everything starts on four bytes. */
export const align = (length: number): number => (length + 3) & ~3
