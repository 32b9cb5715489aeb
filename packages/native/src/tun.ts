// SPDX-License-Identifier: MIT
import { loadAddon } from './addon.ts'

/** How much segmentation the TUN device may leave to us: `auto` TCP and, from Linux 6.2, UDP; `off` none at all, one
 *  packet per read. */
export type TunOffload = 'auto' | 'tcp' | 'off'

/** An open TUN device, as {@link createEngine} takes it. */
export interface TunDevice {
  /** Non-blocking and close-on-exec; the device vanishes when the last descriptor is closed. */
  readonly fd: number
  readonly name: string
  /** Every packet is preceded by a 10-byte virtio header, in both directions. */
  readonly vnetHeader: boolean
  /** Every packet is preceded by a 4-byte word that says which version of IP it is, in both directions: tun(4) of the BSDs,
   *  and Linux where the addon was built like theirs. */
  readonly familyWord?: boolean
  /** The stack may hand over UDP super-packets. */
  readonly udpSegmentation: boolean
}

/** Which TUN to open. */
interface TunOptions {
  /** At most 15 bytes; `wg%d` lets the kernel number it. */
  readonly name: string
  /** Path of the network namespace in which the device appears; this process stays where it is. */
  readonly netns?: string
  readonly offload: TunOffload
  /** IFF_MULTI_QUEUE, so that further descriptors may be opened for the same device. */
  readonly multiQueue?: boolean
}

/**
 * Creates a TUN device or takes one made beforehand (`ip tuntap add mode tun NAME`). Falls back to no offload where the
 * device or kernel has no virtio header. Raises an error with `code`: ENOENT no /dev/net/tun, EPERM or EACCES not
 * allowed, EBUSY in use, ENAMETOOLONG.
 */
export const openTun = (options: TunOptions): TunDevice => loadAddon().openTun(options)

/** Opens the network namespace that a TUN is in now (TUNGETDEVNETNS); the caller closes the descriptor. Raises an error with
 *  `code`. */
export const netnsOfTun = (tunFd: number): number => loadAddon().netnsOfTun(tunFd)

/**
 * Takes a TUN descriptor that was inherited (WG_TUN_FD), finding out what it can do. Sets it non-blocking and
 * close-on-exec. Raises an error with `code` (EBADF, EINVAL not a TUN without packet information).
 */
export const attachTun = (fd: number, offload: TunOffload = 'auto'): TunDevice =>
  loadAddon().attachTun(fd, offload)
