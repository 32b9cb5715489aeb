// SPDX-License-Identifier: MIT
import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { type OwnLink, watchNews } from '@wgq/netlink/news'

/** Files and a directory that define which name servers the machine uses. */
const resolverFiles = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf', '/run/systemd/resolve/netif']

/**
 * Calls `onChange` when links, addresses, routes, rules, the firewall or the name servers of this machine change, or
 * one of the given files; `ours` means that it may concern the interface itself. Sources that cannot be watched are
 * covered by the check every half hour.
 */
export const watchMachine = (
  own: OwnLink,
  files: readonly string[],
  onChange: (ours: boolean) => void,
): { close(): void } => {
  const watchers: { close(): void }[] = []
  try {
    watchers.push(watchNews(own, onChange))
  } catch {
    // Not Linux, or not permitted.
  }
  const onFile = () => onChange(true)
  for (const file of [...resolverFiles, ...files]) {
    const name = basename(file)
    // Watch the directory: a file is often replaced by another one.
    watchers.push(...listen(dirname(file), (changed) => changed?.startsWith(name), onFile))
    // Watch the file itself: it may be a mount.
    watchers.push(...listen(file, () => true, onFile))
  }
  return {
    close: () => {
      for (const watcher of watchers) watcher.close()
    },
  }
}

const listen = (
  path: string,
  concerns: (file: string | null) => boolean | undefined,
  onChange: () => void,
): FSWatcher[] => {
  try {
    const watcher = watch(path, { persistent: false }, (_, file) => {
      if (concerns(file)) onChange()
    })
    // Removing a directory ends its watcher.
    watcher.on('error', () => watcher.close())
    return [watcher]
  } catch {
    return []
  }
}
