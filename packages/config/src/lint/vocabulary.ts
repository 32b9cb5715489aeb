// SPDX-License-Identifier: MIT
import type { Subject } from './subject.ts'

/** wg's keys of the interface section, as the manual spells them. */
export const wgInterfaceKeys = ['PrivateKey', 'ListenPort', 'FwMark'] as const

/** wg's keys of a peer. */
export const peerKeys = [
  'PublicKey',
  'PresharedKey',
  'AllowedIPs',
  'Endpoint',
  'PersistentKeepalive',
] as const

/** Keys that only wg-quick knows. */
export const quickKeys = [
  'Address',
  'DNS',
  'MTU',
  'Table',
  'PreUp',
  'PostUp',
  'PreDown',
  'PostDown',
  'SaveConfig',
] as const

/** Keys that may occur on several lines, whose values add up. */
export const repeatableKeys: readonly string[] = [
  'address',
  'dns',
  'allowedips',
  'preup',
  'postup',
  'predown',
  'postdown',
]

/** The keys that the interface section of this file may have. */
export const interfaceKeys = (subject: Subject): readonly string[] =>
  subject.purpose === 'setconf' ? wgInterfaceKeys : [...wgInterfaceKeys, ...quickKeys]
