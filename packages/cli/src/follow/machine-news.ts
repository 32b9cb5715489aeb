// SPDX-License-Identifier: MIT
import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { type OwnLink, watchNews } from '@wgq/netlink/news'

/** Files and a folder that say which name servers the machine asks. */
const resolverFiles = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf', '/run/systemd/resolve/netif']

/**
 * Calls `onChange` when links, addresses, routes, rules, the firewall or the name servers of this machine change, or one of
 * the given files; `ours` says that it may be about the interface itself. What cannot be listened to is left to the look
 * every half an hour.
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
    // The folder: a file is often replaced by another one.
    watchers.push(...listen(dirname(file), (changed) => changed?.startsWith(name), onFile))
    // The file itself, where it is a mount.
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
    // A folder that goes takes its watcher along.
    watcher.on('error', () => watcher.close())
    return [watcher]
  } catch {
    return []
  }
}
