// SPDX-License-Identifier: MIT
import type { BsdPlatform, Machine } from './machine.ts'

/** The ioctls of tun(4) of one BSD (spec bsd §7); a request that a system does not have is absent. */
export interface TunLayout {
  /** TUNSIFHEAD with int 1: an address family word before every packet. OpenBSD always has it. */
  readonly setHead?: number
  /** TUNSIFMODE with int IFF_BROADCAST | IFF_MULTICAST; only while the interface is down. */
  readonly setMode?: number
  /** TUNGIFNAME into an ifreq: the unit that a clone got. */
  readonly getName?: number
  /** SIOCSIFNAME: ifreq with a pointer to the new name. */
  readonly setName?: number
  /** SIOCGIFMTU and SIOCSIFMTU: ifreq with an int. */
  readonly getMtu: number
  readonly setMtu: number
  /** SIOCGIFFLAGS: ifreq with the low half of the flags as a short. */
  readonly getFlags: number
  /** SIOCIFDESTROY: ifreq. OpenBSD removes the interface with its descriptor. */
  readonly destroy?: number
  /** SIOCGIFINFO_IN6 and SIOCSIFINFO_IN6, where link-local addresses must be turned off (FreeBSD). */
  readonly neighbourInfo?: {
    readonly get: number
    readonly set: number
    /** Bytes of struct in6_ndireq, and the offset of its flags (u32). */
    readonly bytes: number
    readonly flags: number
  }
  readonly littleEndian: boolean
  /** Bytes of struct ifreq. */
  readonly ifreqBytes: number
  /** AF_INET6 of the family word. */
  readonly inet6: number
}

/** tun(4) of a system on one machine. */
export const tunLayoutOf = (platform: BsdPlatform, { fact, littleEndian }: Machine): TunLayout => {
  const common = {
    littleEndian,
    getMtu: fact('SIOCGIFMTU'),
    setMtu: fact('SIOCSIFMTU'),
    getFlags: fact('SIOCGIFFLAGS'),
    ifreqBytes: fact('ifreq.size'),
    inet6: fact('AF_INET6'),
  }
  if (platform === 'openbsd') return common
  const both = { ...common, setHead: fact('TUNSIFHEAD'), destroy: fact('SIOCIFDESTROY') }
  if (platform === 'netbsd') return both
  return {
    ...both,
    setMode: fact('TUNSIFMODE'),
    getName: fact('TUNGIFNAME'),
    setName: fact('SIOCSIFNAME'),
    neighbourInfo: {
      get: fact('SIOCGIFINFO_IN6'),
      set: fact('SIOCSIFINFO_IN6'),
      bytes: fact('in6_ndireq.size'),
      flags: fact('in6_ndireq.ndi.flags'),
    },
  }
}

/** Bytes of the address family word before every packet, in both directions. */
export const familyWordBytes = 4

/** IFF_BROADCAST | IFF_MULTICAST, without IFF_POINTOPOINT. */
export const broadcastMode = 0x8002

/** ND6_IFF_AUTO_LINKLOCAL, ND6_IFF_NO_DAD. */
export const neighbourFlag = { autoLinkLocal: 0x20, noDad: 0x100 } as const
