// SPDX-License-Identifier: MIT

import { errnoText } from '@wgq/model/errno'
import { WgqError } from '@wgq/model/error'
import type { AddonError } from '@wgq/native/addon'
import { type NativeNetlinkSocket, openNetlinkSocket } from '@wgq/native/raw-socket'
import type { RawSocket, RawSocketOptions } from './raw-socket.ts'

/**
 * Opens a netlink socket with the native addon. Raises `E_NO_ADDON` if it is not built, else `E_NETLINK` with `errno`.
 */
export const openNativeSocket = (options: RawSocketOptions): RawSocket =>
  adapt(
    translated(() =>
      openNetlinkSocket({
        protocol: options.protocol,
        ...(options.netnsPath === undefined ? {} : { netns: { path: options.netnsPath } }),
      }),
    ),
  )

const adapt = (native: NativeNetlinkSocket): RawSocket => ({
  send: (datagram) => translated(() => native.send(datagram)),
  // Blocks the thread: a command has no other work, and the kernel has answered before send() returns.
  receive: async (timeoutMs) => {
    const datagram = translated(() => native.receiveBlocking(timeoutMs))
    if (datagram) return datagram
    throw new WgqError('E_NETLINK', `No answer from the kernel within ${timeoutMs} ms`, {
      errno: 'ETIMEDOUT',
    })
  },
  close: () => native.close(),
})

const translated = <T>(act: () => T): T => {
  try {
    return act()
  } catch (error) {
    throw wrap(error)
  }
}

const wrap = (error: unknown): unknown => {
  const code = (error as { code?: string }).code
  if (code === undefined) return error
  if (code === 'E_NO_ADDON') {
    const { message, hint } = error as AddonError
    return new WgqError(code, message, { hint, errno: 'EPROTONOSUPPORT', cause: error })
  }
  return new WgqError('E_NETLINK', errnoText(code), { errno: code, cause: error })
}
