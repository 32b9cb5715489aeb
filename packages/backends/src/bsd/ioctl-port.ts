// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'

/**
 * ioctl(2) on a datagram control socket: the whole interface between wgq and a BSD kernel's WireGuard. The native
 * implementation is `openIoctlPort`; tests use a kernel twin.
 */
export interface IoctlPort {
  /**
   * Calls `request` with `argument`, which the kernel may change in place. With `pointer`, the address of `block` is
   * written into the argument at `offset` for the call; both stay in memory until it returns. Returns the errno's name
   * (`ENXIO`), or undefined on success.
   */
  ioctl(request: number, argument: Buffer, pointer?: IoctlPointer): string | undefined
}

/** A second block of memory that the argument points to. */
export interface IoctlPointer {
  readonly offset: number
  readonly block: Buffer
}

/** Longest interface name (IFNAMSIZ less its NUL). */
export const mostNameBytes = 15

/** Writes an interface name into the first 16 bytes of an argument. Raises `E_DEVICE` (`ENAMETOOLONG`) above 15 bytes. */
export const writeName = (argument: Buffer, name: string): void => {
  if (Buffer.byteLength(name) > mostNameBytes) throw deviceError(name, 'ENAMETOOLONG')
  argument.write(name, 0, 16)
}

const meanings: Record<string, string> = {
  ENXIO: 'no such interface',
  ENOTTY: 'not a WireGuard interface',
  EOPNOTSUPP: 'not a WireGuard interface',
  EPERM: 'root is needed',
  EADDRINUSE: 'the listen port is in use',
  ENAMETOOLONG: `an interface name has at most ${mostNameBytes} bytes`,
}

/** `E_DEVICE` for a refused call, `errno` as the system named it. */
export const deviceError = (name: string, errno: string): WgqError =>
  new WgqError('E_DEVICE', `${name}: ${meanings[errno] ?? 'the kernel refused the request'} (${errno})`, {
    errno,
  })
