// SPDX-License-Identifier: MIT
import { readdirSync } from 'node:fs'

const unitDirectories = ['/etc/systemd/system', '/run/systemd/system', '/usr/lib/systemd/system']

/**
 * The tunnels that systemd starts at boot, with their units: reads the links of `systemctl enable` without querying
 * systemd.
 */
export const enabledTunnels = (
  directories: readonly string[] = unitDirectories,
): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  for (const directory of directories)
    for (const wants of list(directory).filter((name) => /\.(?:wants|requires)$/.test(name)))
      for (const unit of list(`${directory}/${wants}`)) {
        const instance = /^(?:wgq|wgq-run|wg-quick)@(.+)\.service$/.exec(unit)?.[1]
        if (instance !== undefined) found.set(unescaped(instance), unit)
      }
  return found
}

/** Decodes systemd's escapes: `\x2d` is a hyphen. */
const unescaped = (instance: string): string =>
  instance.replace(/\\x([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

const list = (directory: string): string[] => {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
