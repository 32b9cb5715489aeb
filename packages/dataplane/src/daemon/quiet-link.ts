// SPDX-License-Identifier: MIT
import { writeFileSync } from 'node:fs'
import type { NativeNetlinkSocket, NetlinkSocketOptions } from '@wgq/native/raw-socket'
import { noAddressGeneration } from './link-message.ts'

// A tunnel has the addresses that it is given and speaks of itself to nobody, as the kernel's driver sets its device up.

/** The system gives the interface no IPv6 address of its own: it would ask for routers through the tunnel, and believe a
 *  peer that answers. */
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

/** A hub does not tell one peer to reach another directly. The value for all interfaces goes before that of one. Raises the
 *  system's error where /proc/sys is read-only. */
export const stopRedirects = (name: string): void => {
  for (const which of [name, 'all']) writeFileSync(`/proc/sys/net/ipv4/conf/${which}/send_redirects`, '0')
}
