// SPDX-License-Identifier: MIT
import { loadAddon } from './addon.ts'

/** Segmentation that the TUN device may leave to us: `auto` TCP and, since Linux 6.2, UDP; `off` none, one packet per
 *  read. */
export type TunOffload = 'auto' | 'tcp' | 'off'

/** An open TUN device, as {@link createEngine} takes it. */
export interface TunDevice {
  /** Non-blocking and close-on-exec; the device vanishes when the last descriptor is closed. */
  readonly fd: number
  readonly name: string
  /** A 10-byte virtio header precedes every packet, in both directions. */
  readonly vnetHeader: boolean
  /** A 4-byte word with the IP version precedes every packet, in both directions: tun(4) of the BSDs, and Linux if the
   *  addon was built as for them. */
  readonly familyWord?: boolean
  /** The stack may hand over UDP super-packets. */
  readonly udpSegmentation: boolean
}

/** Options of {@link openTun}. */
interface TunOptions {
  /** At most 15 bytes; `wg%d` lets the kernel number it. */
  readonly name: string
  /** Path of the network namespace in which the device appears; this process stays where it is. */
  readonly netns?: string
  readonly offload: TunOffload
  /** IFF_MULTI_QUEUE, which allows further descriptors for the same device. */
  readonly multiQueue?: boolean
}

/**
 * Creates a TUN device or takes an existing one (`ip tuntap add mode tun NAME`). Falls back to no offload if the device
 * or kernel has no virtio header. Raises an error with `code`: ENOENT no /dev/net/tun, EPERM or EACCES not
 * allowed, EBUSY in use, ENAMETOOLONG.
 */
export const openTun = (options: TunOptions): TunDevice => loadAddon().openTun(options)

/** Opens the current network namespace of a TUN (TUNGETDEVNETNS); the caller closes the descriptor. Raises an error
 *  with `code`. */
export const netnsOfTun = (tunFd: number): number => loadAddon().netnsOfTun(tunFd)

/**
 * Takes an inherited TUN descriptor (WG_TUN_FD) and detects its features. Sets it non-blocking and
 * close-on-exec. Raises an error with `code` (EBADF, EINVAL not a TUN without packet information).
 */
export const attachTun = (fd: number, offload: TunOffload = 'auto'): TunDevice =>
  loadAddon().attachTun(fd, offload)
