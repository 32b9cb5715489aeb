// SPDX-License-Identifier: MIT
import { loadAddon } from '../addon.ts'

/** A routing socket (route(4)) of a BSD, non-blocking and close-on-exec. */
export interface RouteSocket {
  /** One message out. Raises an error with `code`. */
  send(message: Uint8Array): void
  /** One message if there is one now; undefined otherwise. Raises ENOBUFS when the kernel dropped some. */
  receive(): Uint8Array | undefined
  /** Calls `listener` on the event loop whenever a message is waiting; undefined stops it. */
  watch(listener: (() => void) | undefined): void
  close(): void
}

/** socket(PF_ROUTE, SOCK_RAW, 0): hears of every change and asks about routes. Raises an error with `code`. */
export const openRouteSocket = (): RouteSocket => loadAddon().openRouteSocket()
