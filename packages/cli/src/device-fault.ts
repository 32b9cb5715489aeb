// SPDX-License-Identifier: MIT
import { errnoText } from '@wgq/model/errno'
import { isWgqError, WgqError } from '@wgq/model/error'

/** Text of the system error behind a failed device access; rethrows any other error. */
export const deviceErrorText = (error: unknown): string => {
  if (isWgqError(error) && error.errno !== undefined) return errnoText(error.errno)
  throw error
}

/**
 * The error `Unable to …: TEXT` that names the failed action (spec wg §7). It carries the kernel's or our own
 * explanation if there is one; `wg` does not print that.
 */
export const deviceFault = (about: string, error: unknown): WgqError => {
  const text = deviceErrorText(error)
  const { errno, message, hint: given } = error as WgqError
  const hint = given ?? hints[errno as string]
  return new WgqError('E_DEVICE', `${about}: ${message}`, {
    errno: errno as string,
    cause: error,
    wgText: `${about}: ${text}`,
    ...(hint === undefined ? {} : { hint }),
  })
}

const notThere = '`wgq show interfaces` lists what is there; `wgq up NAME` brings an interface up'
const hints: Record<string, string> = {
  EPERM: 'run it as root',
  EACCES: 'run it as root',
  ENODEV: notThere,
  // The BSDs' equivalent.
  ENXIO: notThere,
  ENOENT: notThere,
  EPROTONOSUPPORT: notThere,
  EADDRINUSE: 'choose another listen-port, or end what listens there',
}
