// SPDX-License-Identifier: MIT

/**
 * A netlink socket reduced to what the codec needs. Two adapters: the native addon and npm `netlink`; tests replay
 * recorded answers through a third.
 */
export interface RawSocket {
  /** One datagram to the kernel. Raises a WgqError with `errno`. */
  send(datagram: Uint8Array): void
  /**
   * The next datagram from the kernel. Raises `E_NETLINK` with `errno`: ETIMEDOUT when none came within `timeoutMs`,
   * ENOBUFS when the kernel had to drop some.
   */
  receive(timeoutMs: number): Promise<Uint8Array>
  close(): void
}

/** Where a netlink socket is opened. */
export interface RawSocketOptions {
  /** {@link netlinkRoute} or {@link netlinkGeneric}. */
  readonly protocol: number
  /** Path of a network namespace, such as /run/netns/NAME; by default that of the process. */
  readonly netnsPath?: string
}
