// SPDX-License-Identifier: MIT
import { endianness } from 'node:os'

/** Netlink integers are in host byte order; this is the flag for DataView. */
export const littleEndian: boolean = endianness() === 'LE'
