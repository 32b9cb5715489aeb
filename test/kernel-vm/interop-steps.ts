// SPDX-License-Identifier: MIT

/** What the driver of the kernel and a userspace daemon do together, in this order. */
export const interopSteps = [
  'the kernel begins',
  'the daemon begins',
  'IPv6 inside and outside',
  'large packets, none lost',
  'the daemon moves to another port',
  'the kernel moves to another address',
  'the daemon moves to another address',
] as const
