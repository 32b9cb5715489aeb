// SPDX-License-Identifier: MIT
import { type OwnLink, watchNews } from '@wgq/netlink/news'
import { watchFile } from './file-news.ts'

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
  for (const file of [...resolverFiles, ...files]) watchers.push(watchFile(file, () => onChange(true)))
  return {
    close: () => {
      for (const watcher of watchers) watcher.close()
    },
  }
}
