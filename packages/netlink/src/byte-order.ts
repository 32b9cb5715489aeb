// SPDX-License-Identifier: MIT

/**
 * Whether the host stores the low byte first: netlink integers are in host byte order; this is the flag for DataView.
 * (`endianness` of node:os says the same, but loading it takes 0.3 ms at each start.)
 */
export const littleEndian: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
