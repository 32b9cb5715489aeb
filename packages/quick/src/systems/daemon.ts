// SPDX-License-Identifier: MIT
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The userspace implementation to use if the kernel has none. */
export interface Daemon {
  /** As the user would type it. */
  readonly program: string
  readonly path: string
  /** It is the data plane that comes with wgq. */
  readonly embedded: boolean
}

/**
 * Chooses the implementation to start without a kernel driver: the one named by WG_QUICK_USERSPACE_IMPLEMENTATION (one
 * word, path or PATH look-up), else the built-in one beside the program, else wireguard-go. Undefined if there is none.
 */
export const chooseDaemon = (
  env: NodeJS.ProcessEnv,
  find: (program: string) => string | undefined,
  binDirectory: string,
): Daemon | undefined => {
  const named = env['WG_QUICK_USERSPACE_IMPLEMENTATION']
  if (named) {
    const path = find(named)
    return path === undefined ? undefined : { program: named, path, embedded: false }
  }
  const path = join(binDirectory, 'wgqd')
  if (existsSync(path)) return { program: 'wgqd', path, embedded: true }
  const upstream = find('wireguard-go')
  return upstream === undefined ? undefined : { program: 'wireguard-go', path: upstream, embedded: false }
}

/** Says whether the kernel has a driver: then a refusal has another cause, and no daemon starts (spec wg-quick §6). */
export const hasKernelDriver = (): boolean => existsSync('/sys/module/wireguard')

/** The message before a daemon is started. The first sentence is upstream's; scripts look for it. */
export const fallbackLine = (daemon: Daemon): string =>
  daemon.embedded
    ? '[!] Missing WireGuard kernel module. Falling back to the userspace implementation that is built in.\n'
    : '[!] Missing WireGuard kernel module. Falling back to slow userspace implementation.\n'
