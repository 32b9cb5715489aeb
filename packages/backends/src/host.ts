// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import type { Host } from '@wgq/model/host'

/** The network of this machine. Raises `E_UNSUPPORTED` on systems that wgq does not know. */
export const openHost = async (): Promise<Host> => {
  switch (process.platform) {
    case 'linux':
      return (await import('./linux/host.ts')).openHost()
    default:
      throw new WgqError(
        'E_UNSUPPORTED',
        `Expected Linux, FreeBSD, OpenBSD or NetBSD, found ${process.platform}`,
      )
  }
}
