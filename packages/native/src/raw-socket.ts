// SPDX-License-Identifier: MIT
import { loadAddon } from './addon.ts'

/** A raw netlink socket, non-blocking, close-on-exec, with NETLINK_EXT_ACK, CAP_ACK and strict checks if supported. */
export interface NativeNetlinkSocket {
  /** The address that the kernel assigned (nlmsg_pid). */
  readonly portId: number
  /** Sends one datagram. Raises an error with `code`. */
  send(datagram: Uint8Array): void
  /** Receives one datagram; undefined if none is waiting. Raises ENOBUFS when the kernel dropped some. */
  receive(): Uint8Array | undefined
  /** Waits at most `timeoutMs` for a datagram, blocking the thread (a command has nothing else to do). */
  receiveBlocking(timeoutMs: number): Uint8Array | undefined
  /** Calls `listener` on the event loop whenever a datagram is waiting; undefined stops it. */
  watch(listener: (() => void) | undefined): void
  close(): void
}

/** Options of {@link openNetlinkSocket}. */
export interface NetlinkSocketOptions {
  /** NETLINK_ROUTE 0, NETLINK_GENERIC 16 … */
  readonly protocol: number
  /** Multicast groups as a bit mask (RTMGRP_…). */
  readonly groups?: number
  /** SO_RCVBUF in bytes. */
  readonly receiveBufferBytes?: number
  /** Receive multicasts of every namespace that has an id in the socket's namespace (NETLINK_LISTEN_ALL_NSID); moving a
   *  link to a namespace gives it one. Opening the socket then needs CAP_NET_BROADCAST. */
  readonly allNamespaces?: boolean
  /** Receive only messages about routes that have metrics, such as an MTU (RTA_METRICS). */
  readonly onlyRoutesWithMetrics?: boolean
  /** Open it inside this network namespace: a path such as /run/netns/NAME, or the descriptor of a TUN, for the TUN's
   *  namespace (TUNGETDEVNETNS). */
  readonly netns?: { readonly path: string } | { readonly tunFd: number }
}

/** socket(AF_NETLINK, SOCK_RAW, protocol). Raises an error with `code`. */
export const openNetlinkSocket = (options: NetlinkSocketOptions): NativeNetlinkSocket =>
  loadAddon().openNetlinkSocket(options)
