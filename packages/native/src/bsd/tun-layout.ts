// SPDX-License-Identifier: MIT

/** The BSDs by their names in `process.platform`. */
export type BsdPlatform = 'freebsd' | 'openbsd' | 'netbsd'

/** What tun(4) of one BSD is told with which ioctl (spec bsd §7); a request that a system does not have is absent. */
export interface TunLayout {
  /** TUNSIFHEAD with int 1: an address family word before every packet. OpenBSD always has it. */
  readonly setHead?: number
  /** TUNSIFMODE with int IFF_BROADCAST | IFF_MULTICAST; only while the interface is down. */
  readonly setMode?: number
  /** TUNGIFNAME into an ifreq: which unit a clone got. */
  readonly getName?: number
  /** SIOCSIFNAME: ifreq with a pointer to the new name. */
  readonly setName?: number
  /** SIOCSIFMTU: ifreq with an int. */
  readonly setMtu: number
  /** SIOCIFDESTROY: ifreq. OpenBSD's goes with its descriptor. */
  readonly destroy?: number
  /** SIOCGIFINFO_IN6 and SIOCSIFINFO_IN6, where link-local addresses must be switched off (FreeBSD). */
  readonly neighbourInfo?: { readonly get: number; readonly set: number }
  /** Bytes of struct ifreq. */
  readonly ifreqBytes: number
  /** AF_INET6 of the family word. */
  readonly inet6: number
}

/** The three systems. */
export const tunLayouts: Readonly<Record<BsdPlatform, TunLayout>> = {
  freebsd: {
    setHead: 0x80047460,
    setMode: 0x8004745e,
    getName: 0x4020745d,
    setName: 0x80206928,
    setMtu: 0x80206934,
    destroy: 0x80206979,
    neighbourInfo: { get: 0xc048696c, set: 0xc048696d },
    ifreqBytes: 32,
    inet6: 28,
  },
  openbsd: { setMtu: 0x8020697f, ifreqBytes: 32, inet6: 24 },
  netbsd: { setHead: 0x80047442, setMtu: 0x8090697f, destroy: 0x80906979, ifreqBytes: 144, inet6: 24 },
}

/** Bytes of the address family word before every packet, in both directions. */
export const familyWordBytes = 4

/** IFF_BROADCAST | IFF_MULTICAST, without IFF_POINTOPOINT. */
export const broadcastMode = 0x8002

/** struct in6_ndireq of FreeBSD: 72 bytes, flags (u32) at 36. */
export const neighbourRequest = { bytes: 72, flags: 36 } as const

/** ND6_IFF_AUTO_LINKLOCAL, ND6_IFF_NO_DAD. */
export const neighbourFlag = { autoLinkLocal: 0x20, noDad: 0x100 } as const
