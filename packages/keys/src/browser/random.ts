// SPDX-License-Identifier: MIT

/** Random bytes of the browser (Web Cryptography API), fit for keys. */
export const systemRandom = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))
