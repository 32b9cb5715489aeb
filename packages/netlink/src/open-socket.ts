// SPDX-License-Identifier: MIT
import { addonPath } from '@wgq/native/addon'
import { openNativeSocket } from './native-socket.ts'
import { openNpmSocket } from './npm-socket.ts'
import type { RawSocket, RawSocketOptions } from './raw-socket.ts'

/** A netlink socket: of the native addon, or of npm `netlink` where the addon is not built. */
export const openSocket = (options: RawSocketOptions): RawSocket =>
  addonPath() === undefined ? openNpmSocket(options) : openNativeSocket(options)
