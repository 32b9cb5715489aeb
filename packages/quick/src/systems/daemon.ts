// SPDX-License-Identifier: MIT
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The userspace implementation that takes over where the kernel has none. */
export interface Daemon {
  /** As the user would type it. */
  readonly program: string
  readonly path: string
  /** The data plane that comes with wgq. */
  readonly embedded: boolean
}

/**
 * Which implementation is started without a kernel driver: the one named by WG_QUICK_USERSPACE_IMPLEMENTATION (one word,
 * path or PATH look-up), else the built-in one beside the program, else wireguard-go. Undefined when there is none.
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

/** The kernel has a driver, so that a refusal has another reason and no daemon may take over (spec wg-quick §6). */
export const hasKernelDriver = (): boolean => existsSync('/sys/module/wireguard')

/** What is said before a daemon is started. The first sentence is upstream's; scripts look for it. */
export const fallbackLine = (daemon: Daemon): string =>
  daemon.embedded
    ? '[!] Missing WireGuard kernel module. Falling back to the userspace implementation that is built in.\n'
    : '[!] Missing WireGuard kernel module. Falling back to slow userspace implementation.\n'
