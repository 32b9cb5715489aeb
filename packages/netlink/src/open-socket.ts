// SPDX-License-Identifier: MIT
import { isWgqError } from '@wgq/model/error'
import { openNativeSocket } from './native-socket.ts'
import { openNpmSocket } from './npm-socket.ts'
import type { RawSocket, RawSocketOptions } from './raw-socket.ts'

/**
 * A netlink socket: of the native addon, or of npm `netlink` where the addon cannot be loaded. Where neither is there, the
 * error tells why the addon was not loaded.
 */
export const openSocket = (options: RawSocketOptions): RawSocket => {
  try {
    return openNativeSocket(options)
  } catch (error) {
    if (!isWgqError(error) || error.code !== 'E_NO_ADDON') throw error
    return openNpmSocket(options, error)
  }
}
