// SPDX-License-Identifier: MIT
import { parseIp } from '@wgq/model/ip'
import { readOriginal } from './file.ts'
import type { DnsTools } from './tools.ts'

/** Where names are asked for behind systemd's stub, which is on loopback. */
const files = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf']

/** Addresses of the name servers that this machine asks without its tunnels; those of loopback are left out. */
export const nameServers = ({ filesUnder = '' }: Pick<DnsTools, 'filesUnder'> = {}): string[] => {
  const found = files.flatMap((path) =>
    [...(readOriginal(filesUnder + path) ?? '').matchAll(/^\s*nameserver\s+([^\s%]+)/gm)].map(
      ([, server]) => server as string,
    ),
  )
  return [...new Set(found)].filter((server) => parseIp(server) && !/^(127\.|::1$)/.test(server))
}
