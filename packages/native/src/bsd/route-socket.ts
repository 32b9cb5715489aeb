// SPDX-License-Identifier: MIT
import { loadAddon } from '../addon.ts'

/** A routing socket (route(4)) of a BSD, non-blocking and close-on-exec. */
export interface RouteSocket {
  /** Sends one message. Raises an error with `code`. */
  send(message: Uint8Array): void
  /** Receives one message; undefined if none is waiting. Raises ENOBUFS when the kernel dropped some. */
  receive(): Uint8Array | undefined
  /** Calls `listener` on the event loop whenever a message is waiting; undefined stops it. */
  watch(listener: (() => void) | undefined): void
  close(): void
}

/** socket(PF_ROUTE, SOCK_RAW, 0): reports every change and answers route queries. Raises an error with `code`. */
export const openRouteSocket = (): RouteSocket => loadAddon().openRouteSocket()
