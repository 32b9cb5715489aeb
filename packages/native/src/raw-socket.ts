// SPDX-License-Identifier: MIT
import { loadAddon } from './addon.ts'

/** A raw netlink socket, non-blocking, close-on-exec, with NETLINK_EXT_ACK, CAP_ACK and strict checking where known. */
export interface NativeNetlinkSocket {
  /** The address the kernel gave it (nlmsg_pid). */
  readonly portId: number
  /** One datagram out. Raises an error with `code`. */
  send(datagram: Uint8Array): void
  /** One datagram if there is one now; undefined otherwise. Raises ENOBUFS when the kernel dropped some. */
  receive(): Uint8Array | undefined
  /** Waits at most `timeoutMs` for a datagram, blocking the thread (a command has nothing else to do). */
  receiveBlocking(timeoutMs: number): Uint8Array | undefined
  /** Calls `listener` on the event loop whenever a datagram is waiting; undefined stops it. */
  watch(listener: (() => void) | undefined): void
  close(): void
}

/** Where a netlink socket is opened. */
export interface NetlinkSocketOptions {
  /** NETLINK_ROUTE 0, NETLINK_GENERIC 16 … */
  readonly protocol: number
  /** Multicast groups as a bit mask (RTMGRP_…). */
  readonly groups?: number
  /** SO_RCVBUF in bytes. */
  readonly receiveBufferBytes?: number
  /** Multicasts of every namespace that has an id in the socket's (NETLINK_LISTEN_ALL_NSID), as one that a link was moved
   *  to has. Takes CAP_NET_BROADCAST when the socket is opened. */
  readonly allNamespaces?: boolean
  /** Receive only messages about routes that have metrics, such as an MTU (RTA_METRICS). */
  readonly onlyRoutesWithMetrics?: boolean
  /** Open it inside this network namespace: a path such as /run/netns/NAME, or a descriptor of a TUN whose namespace is
   *  meant (TUNGETDEVNETNS). */
  readonly netns?: { readonly path: string } | { readonly tunFd: number }
}

/** socket(AF_NETLINK, SOCK_RAW, protocol). Raises an error with `code`. */
export const openNetlinkSocket = (options: NetlinkSocketOptions): NativeNetlinkSocket =>
  loadAddon().openNetlinkSocket(options)
