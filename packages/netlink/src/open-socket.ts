// SPDX-License-Identifier: MIT
import { isWgqError } from '@wgq/model/error'
import { openNativeSocket } from './native-socket.ts'
import { openNpmSocket } from './npm-socket.ts'
import type { RawSocket, RawSocketOptions } from './raw-socket.ts'

/**
 * Opens a netlink socket with the native addon, or with npm `netlink` if the addon cannot be loaded. If both are
 * missing, the error gives the reason why the addon was not loaded.
 */
export const openSocket = (options: RawSocketOptions): RawSocket => {
  try {
    return openNativeSocket(options)
  } catch (error) {
    if (!isWgqError(error) || error.code !== 'E_NO_ADDON') throw error
    return openNpmSocket(options, error)
  }
}
