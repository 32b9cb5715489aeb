// SPDX-License-Identifier: MIT
import { isWgqError, WgqError } from '@wgq/model/error'
import { visible } from '@wgq/model/shown'
import type { AddonError } from '@wgq/native/addon'

/** Makes the error for a TUN that could not be opened, with a hint what to do. `code` is the system's error name. */
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
    case 'EACCES':
      if (process.getuid?.() === 0)
        return new WgqError('E_PERM', `/dev/net/tun may not be opened, even by root`, {
          hint: 'the device rules of the container forbid it (--device /dev/net/tun; lxc.cgroup2.devices.allow = c 10:200 rwm; DeviceAllow=/dev/net/tun rw of a systemd unit), or its file system is mounted nodev',
          errno: code,
          cause,
        })
      return notAllowed(name, code, cause)
    case 'EPERM':
      return notAllowed(name, code, cause)
    case 'EBUSY':
    case 'EEXIST':
    case 'EINVAL':
      if (name === 'all' || name === 'default')
        return new WgqError(
          'E_NAME',
          `Linux has no interface called ${name}: it is the name of a folder of settings`,
          {
            hint: 'choose another name',
            errno: code,
            cause,
          },
        )
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

const notAllowed = (name: string, errno: string, cause: unknown): WgqError =>
  new WgqError('E_PERM', `Not allowed to create the interface ${name}`, {
    hint: 'it takes root or CAP_NET_ADMIN; in a container --cap-add NET_ADMIN and --device /dev/net/tun',
    errno,
    cause,
  })

/** One line for standard error; never a stack trace. */
export const failureLine = (error: unknown): string => {
  const text = error instanceof Error ? error.message : String(error)
  const told = isWgqError(error) ? error.hint : undefined
  const found = told ?? surroundings[systemCode(error) ?? '']
  const hint = found === undefined ? '' : ` (${found})`
  return `wgqd: ${visible(`${text.split('\n', 1)[0]}${hint}`)}\n`
}

// --- internal ---

/** Why system calls that normally succeed fail in some environments, and how to fix that. */
const surroundings: Readonly<Record<string, string>> = {
  EAFNOSUPPORT:
    'a family of sockets is not allowed here; a systemd unit needs RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6',
  EMFILE: 'the limit of open files is too low; 64 are enough (ulimit -n, LimitNOFILE= of a systemd unit)',
  ENFILE: 'the system has no open files left (sysctl fs.file-max)',
}

const systemCode = (error: unknown): string | undefined => {
  const { code, errno } = error as { code?: unknown; errno?: unknown }
  return [errno, code].find((name): name is string => typeof name === 'string' && /^E[A-Z]+$/.test(name))
}
