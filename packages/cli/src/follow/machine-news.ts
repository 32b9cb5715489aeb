// SPDX-License-Identifier: MIT
import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { watchNews } from '@wgq/netlink/news'

/** Files that say which name servers the machine asks. */
const resolverFiles = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf']

/**
 * Calls `onChange` when links, addresses, routes, rules, the firewall or the name servers of this machine change, or one of
 * the given files. What cannot be listened to is left to the look once a minute.
 */
export const watchMachine = (files: readonly string[], onChange: () => void): { close(): void } => {
  const watchers: { close(): void }[] = []
  try {
    watchers.push(watchNews(onChange))
  } catch {
    // Not Linux, or not permitted.
  }
  for (const file of [...resolverFiles, ...files]) {
    const name = basename(file)
    // The folder: a file is often replaced by another one.
    watchers.push(...listen(dirname(file), (changed) => changed?.startsWith(name), onChange))
    // The file itself, where it is a mount.
    watchers.push(...listen(file, () => true, onChange))
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
    // A folder that goes takes its watcher along.
    watcher.on('error', () => watcher.close())
    return [watcher]
  } catch {
    return []
  }
}
