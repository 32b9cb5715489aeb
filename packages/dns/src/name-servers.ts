// SPDX-License-Identifier: MIT
import { parseIp } from '@wgq/model/ip'
import { readOriginal } from './file.ts'
import type { DnsTools } from './tools.ts'

/** Lists the servers behind systemd's stub, which is on loopback. */
const files = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf']

/** Addresses of the name servers that this machine uses without its tunnels; skips loopback addresses. */
export const nameServers = ({ filesUnder = '' }: Pick<DnsTools, 'filesUnder'> = {}): string[] => {
  const found = files.flatMap((path) =>
    [...(readOriginal(filesUnder + path) ?? '').matchAll(/^\s*nameserver\s+([^\s%]+)/gm)].map(
      ([, server]) => server as string,
    ),
  )
  return [...new Set(found)].filter((server) => parseIp(server) && !/^(127\.|::1$)/.test(server))
}
