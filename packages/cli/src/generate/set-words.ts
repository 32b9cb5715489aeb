// SPDX-License-Identifier: MIT

/** The words of `set`, before and after the first peer (spec wg §4). */
export const setWords = {
  device: ['listen-port', 'fwmark', 'private-key', 'peer'],
  peer: ['remove', 'preshared-key', 'endpoint', 'persistent-keepalive', 'allowed-ips', 'peer'],
} as const
