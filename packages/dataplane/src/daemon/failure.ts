// SPDX-License-Identifier: MIT
import { isWgqError, WgqError } from '@wgq/model/error'
import type { AddonError } from '@wgq/native/addon'

/** Why the TUN could not be had, in words that say what to do. `code` is the system's error name. */
export const tunFailure = (name: string, cause: unknown): WgqError => {
  const { code, message } = cause as { code?: string; message: string }
  switch (code) {
    case 'ENOENT':
    case 'ENODEV':
    case 'ENXIO':
      return new WgqError('E_NO_TUN', '/dev/net/tun does not exist', {
        hint: 'load the module (modprobe tun); in a container pass the device in (--device /dev/net/tun)',
        errno: code,
        cause,
      })
    case 'EPERM':
    case 'EACCES':
      return new WgqError('E_PERM', `Not allowed to create the interface ${name}`, {
        hint: 'it takes root or CAP_NET_ADMIN; in a container --cap-add NET_ADMIN and --device /dev/net/tun',
        errno: code,
        cause,
      })
    case 'EBUSY':
    case 'EEXIST':
    case 'EINVAL':
      return new WgqError('E_NAME_IN_USE', `The interface ${name} exists already or is in use`, {
        hint: `delete it (ip link delete ${name}) or choose another name`,
        errno: code,
        cause,
      })
    case 'E_NO_ADDON':
      return new WgqError('E_NO_ADDON', message, { hint: (cause as AddonError).hint, cause })
    default:
      return new WgqError('E_TUN', `Cannot open a TUN for ${name}: ${message}`, { cause })
  }
}

/** One line for standard error; never a stack trace. */
export const failureLine = (error: unknown): string => {
  const text = error instanceof Error ? error.message : String(error)
  const hint = isWgqError(error) && error.hint !== undefined ? ` (${error.hint})` : ''
  return `wgqd: ${text.split('\n', 1)[0]}${hint}\n`
}
