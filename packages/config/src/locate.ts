// SPDX-License-Identifier: MIT
import { realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { WgqError } from '@wgq/model/error'
import { visible } from '@wgq/model/shown'

/** A configuration file and the interface it is for. */
export interface Location {
  readonly interfaceName: string
  /** Symbolic links resolved. */
  readonly path: string
  /** Anyone may read, write or enter both the file and its directory; callers print {@link worldAccessibleWarning}. */
  readonly worldAccessible: boolean
}

/** The directories searched for `NAME.conf`, in order. The first one that has the file is used, else the last. */
export const configDirectories = (platform: NodeJS.Platform): readonly string[] => {
  if (platform === 'freebsd' || platform === 'darwin') return ['/etc/wireguard', '/usr/local/etc/wireguard']
  return platform === 'netbsd' ? ['/etc/wireguard', '/usr/pkg/etc/wireguard'] : ['/etc/wireguard']
}

/**
 * Finds the configuration that a user names by interface (`wg0`) or by path (`./wg0.conf`), spec wg-quick §2. Raises
 * `E_CONFIG_MISSING` and `E_CONFIG_NAME` with wg-quick's wording, and `E_CONFIG_READ` if the directory is not
 * accessible.
 */
export const locate = (argument: string, directories = configDirectories(process.platform)): Location => {
  const path = interfaceNamePattern.test(argument) ? search(argument, directories) : argument
  if (!exists(path)) {
    throw new WgqError('E_CONFIG_MISSING', `\`${path}' does not exist`, {
      hint: 'give the name of a file in the configuration directory without `.conf`, or a path with a slash',
    })
  }
  // The name comes from the path as given: a link `vpn.conf` is interface vpn whatever it points to.
  const interfaceName = /(?:^|\/)([a-zA-Z0-9_=+.-]{1,15})\.conf$/.exec(path)?.[1]
  if (interfaceName === undefined) {
    throw new WgqError('E_CONFIG_NAME', 'The config file must be a valid interface name, followed by .conf', {
      hint: 'an interface name has 1 to 15 characters: letters, digits and _ = + . -; `wgq up --name NAME FILE` gives it one',
    })
  }
  return located(path, interfaceName)
}

/**
 * Returns the configuration at a path for an interface with another name than the file (`wgq up --name`). Raises
 * `E_CONFIG_MISSING`, `E_CONFIG_READ`, and `E_CONFIG_NAME` for a name that no interface can have.
 */
export const locateAs = (path: string, interfaceName: string): Location => {
  if (!interfaceNamePattern.test(interfaceName))
    throw new WgqError('E_CONFIG_NAME', `${JSON.stringify(interfaceName)} is not a name of an interface`, {
      hint: 'an interface name has 1 to 15 characters: letters, digits and _ = + . -',
    })
  if (!exists(path)) throw new WgqError('E_CONFIG_MISSING', `\`${path}' does not exist`)
  return located(path, interfaceName)
}

const located = (path: string, interfaceName: string): Location => {
  const resolved = realpathSync(path)
  const shared = statSync(resolved).mode & statSync(dirname(resolved)).mode & 0o007
  return { interfaceName, path: resolved, worldAccessible: shared !== 0 }
}

/**
 * wg-quick's warning, without newline; every verb that reads the file prints it to stderr. Control characters in the
 * path are made visible.
 */
export const worldAccessibleWarning = (path: string): string =>
  `Warning: \`${visible(path)}' is world accessible`

const interfaceNamePattern = /^[a-zA-Z0-9_=+.-]{1,15}$/

const search = (name: string, directories: readonly string[]): string => {
  const candidates = directories.map((directory) => `${directory}/${name}.conf`)
  return candidates.find(exists) ?? (candidates.at(-1) as string)
}

/** A file without access is not a missing file: wgq runs without root too. */
const exists = (path: string): boolean => {
  try {
    statSync(path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EACCES') return false
    throw new WgqError('E_CONFIG_READ', `\`${path}' cannot be read: Permission denied`, {
      errno: code,
      cause: error,
      hint: 'run the command as root, or name a file that you may read',
    })
  }
}
