// SPDX-License-Identifier: MIT
import { writeFileSync } from 'node:fs'
import type { NativeNetlinkSocket, NetlinkSocketOptions } from '@wgq/native/raw-socket'
import { noAddressGeneration } from './link-message.ts'

// A tunnel has only the addresses it was given and sends no packets of its own, as with the kernel's driver.

/** Keeps the system from giving the interface its own IPv6 address: it would solicit routers through the tunnel, and
 *  trust a peer that answers. */
export const stopAddressGeneration = (
  openSocket: (options: NetlinkSocketOptions) => NativeNetlinkSocket,
  index: number,
): void => {
  const socket = openSocket({ protocol: 0 })
  try {
    socket.send(noAddressGeneration(index))
  } finally {
    socket.close()
  }
}

/** Keeps a hub from redirecting one peer to another. The value for all interfaces overrides that of one. Raises the
 *  system's error if /proc/sys is read-only. */
export const stopRedirects = (name: string): void => {
  for (const which of [name, 'all']) writeFileSync(`/proc/sys/net/ipv4/conf/${which}/send_redirects`, '0')
}
