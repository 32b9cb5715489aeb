// SPDX-License-Identifier: MIT
import { type Key, keyBytes, keyFromBytes } from '@wgq/model/key'

/** RFC 7748 §5: three low bits and the top bit cleared, the second highest set. In place; returns `bytes`. */
export const clamp = <Bytes extends Uint8Array>(bytes: Bytes): Bytes => {
  bytes[0] = (bytes[0] as number) & 248
  bytes[31] = ((bytes[31] as number) & 127) | 64
  return bytes
}

/** The private key as a device stores and shows it. Programs other than `wg genkey` write keys that are not clamped. */
export const clampKey = (key: Key): Key => {
  const bytes = clamp(keyBytes(key))
  const clamped = keyFromBytes(bytes)
  bytes.fill(0)
  return clamped
}
