// SPDX-License-Identifier: MIT
import { errnoText } from '@wgq/model/errno'
import { WgqError } from '@wgq/model/error'

/**
 * A reply that breaks the protocol: `E_DEVICE` with errno `EPROTO`; `found` describes the fault and never quotes a key.
 */
export const protocolError = (found: string): WgqError =>
  new WgqError('E_DEVICE', `The device's reply breaks the protocol: ${found}`, { errno: 'EPROTO' })

/** `E_DEVICE` for a system error name; the message is its text. */
export const deviceError = (errno: string, cause?: unknown): WgqError =>
  new WgqError('E_DEVICE', errnoText(errno), { errno, ...(cause === undefined ? {} : { cause }) })

const earlyEnd = 'the reply ended early'

/** A connection that ended before the reply did: a {@link protocolError} that {@link endedEarly} recognises. */
export const earlyEndError = (found: string): WgqError =>
  new WgqError('E_DEVICE', `The device's reply breaks the protocol: ${found}`, {
    errno: 'EPROTO',
    cause: earlyEnd,
  })

/** Returns whether `error` is an {@link earlyEndError}. */
export const endedEarly = (error: unknown): boolean => error instanceof Error && error.cause === earlyEnd
