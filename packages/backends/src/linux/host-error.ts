// SPDX-License-Identifier: MIT
import { errnoText } from '@wgq/model/errno'
import { isWgqError, WgqError } from '@wgq/model/error'
import type { Refusal } from '@wgq/netlink/refusal'
import { ipStatus } from './ip-argument.ts'

/** The error of `Host.apply`: how many operations of the list took effect before the failed one. */
export class ApplyError extends WgqError {
  readonly applied: number

  constructor(cause: WgqError, applied: number) {
    super(cause.code, cause.message, {
      ...(cause.errno === undefined ? {} : { errno: cause.errno }),
      ...(cause.hint === undefined ? {} : { hint: cause.hint }),
      exitCode: cause.exitCode,
      cause,
    })
    this.applied = applied
  }
}

/** `Cannot find device "NAME"`, exit status 1. */
export const noDevice = (name: string): WgqError =>
  new WgqError('E_HOST', `Cannot find device "${name}"`, { errno: 'ENODEV', exitCode: ipStatus.usage })

/**
 * What `ip` prints when the kernel refuses: `Error: ` and the kernel's message if there is one, else `RTNETLINK
 * answers: ` and strerror; exit status 2. Other errors of netlink keep their text.
 */
export const hostError = (error: unknown): unknown => {
  if (!isWgqError(error) || error.code !== 'E_NETLINK') return error
  const refusal = error as Refusal
  const words = refusal.extendedAck
  const message =
    words === undefined
      ? `RTNETLINK answers: ${errnoText(error.errno ?? 'EINVAL')}`
      : `Error: ${words}${/[.\n]$/.test(words) ? '' : '.'}`
  return new WgqError('E_HOST', message, {
    ...(error.errno === undefined ? {} : { errno: error.errno }),
    exitCode: ipStatus.refusal,
    cause: error,
  })
}
