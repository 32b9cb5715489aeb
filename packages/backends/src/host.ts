// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import type { Host } from '@wgq/model/host'

/**
 * The network inside a namespace, by its name (`ip netns`); Linux only. Its calls raise `E_HOST` if there is no such
 * namespace.
 */
export const openHostInside = async (netns: string): Promise<Host> =>
  (await import('./linux/host.ts')).openHost({ netns })

/** The network of this machine. Raises `E_UNSUPPORTED` on systems that wgq does not support. */
export const openHost = async (): Promise<Host> => {
  switch (process.platform) {
    case 'linux':
      return (await import('./linux/host.ts')).openHost()
    case 'freebsd':
    case 'openbsd':
    case 'netbsd':
      return (await import('./bsd/open-host.ts')).openBsdHost(process.platform)
    default:
      throw new WgqError(
        'E_UNSUPPORTED',
        `Expected Linux, FreeBSD, OpenBSD or NetBSD, found ${process.platform}`,
      )
  }
}
