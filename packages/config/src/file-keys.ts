// SPDX-License-Identifier: MIT

// The keys of the file, as the manual spells them; keys are compared without regard to case.

/** wg's keys of the interface section. */
export const wgInterfaceKeys = ['PrivateKey', 'ListenPort', 'FwMark'] as const

/** wg's keys of a peer. */
export const peerKeys = [
  'PublicKey',
  'PresharedKey',
  'AllowedIPs',
  'Endpoint',
  'PersistentKeepalive',
] as const

/** Keys of wg-quick that are commands: it passes `#` on to the shell. */
const hookKeys = ['PreUp', 'PostUp', 'PreDown', 'PostDown'] as const

/** Keys that only wg-quick knows. */
export const quickKeys = ['Address', 'DNS', 'MTU', 'Table', ...hookKeys, 'SaveConfig'] as const

/** Keys that may occur on several lines, whose values add up. */
export const repeatableKeys = ['Address', 'DNS', 'AllowedIPs', ...hookKeys] as const

/** The keys that the Android and iOS apps accept; they refuse a file with any other key. */
export const appKeys = ['PrivateKey', 'ListenPort', 'Address', 'DNS', 'MTU', ...peerKeys] as const

/** A test for lower-case keys. */
export const among = (keys: readonly string[]): ((key: string) => boolean) => {
  const known = new Set(keys.map((key) => key.toLowerCase()))
  return (key) => known.has(key)
}

/** Whether a lower-case key is a command. */
export const isHookKey = among(hookKeys)
