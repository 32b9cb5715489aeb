// SPDX-License-Identifier: MIT
import { errnoText } from '@wgq/model/errno'
import { WgqError } from '@wgq/model/error'

/** A reply that breaks the protocol: `E_DEVICE` with errno `EPROTO`; `found` says how and never quotes a key. */
export const protocolError = (found: string): WgqError =>
  new WgqError('E_DEVICE', `The device's reply breaks the protocol: ${found}`, { errno: 'EPROTO' })

/** `E_DEVICE` for a system error name; the message is its text. */
export const deviceError = (errno: string, cause?: unknown): WgqError =>
  new WgqError('E_DEVICE', errnoText(errno), { errno, ...(cause === undefined ? {} : { cause }) })
