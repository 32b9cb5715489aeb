// SPDX-License-Identifier: MIT

// Layout of the handshake messages, offsets and lengths in bytes (spec protocol §2). Numbers are little-endian.

/** First byte of a message; the next three bytes are zero. */
export const messageType = { initiation: 1, response: 2, cookieReply: 3 } as const

/** Type 1: 148 bytes. */
export const initiation = {
  length: 148,
  sender: 4,
  ephemeral: 8,
  static: 40,
  timestamp: 88,
  mac1: 116,
  mac2: 132,
} as const

/** Type 2: 92 bytes. */
export const response = {
  length: 92,
  sender: 4,
  receiver: 8,
  ephemeral: 12,
  empty: 44,
  mac1: 60,
  mac2: 76,
} as const

/** Type 3: 64 bytes. */
export const cookieReply = { length: 64, receiver: 4, nonce: 8, cookie: 32 } as const

/** Length of a mac, a cookie and an authentication tag. */
export const macLength = 16
