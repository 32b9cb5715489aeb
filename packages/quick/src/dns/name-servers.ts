// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'
import { parseIp } from '@wgq/model/ip'

/** Where names are asked for behind systemd's stub, which is on loopback. */
const files = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf']

/** Addresses of the name servers that this machine asks now, without those of loopback. */
export const nameServers = (): string[] => {
  const found = files.flatMap((path) =>
    [...read(path).matchAll(/^\s*nameserver\s+([^\s%]+)/gm)].map(([, server]) => server as string),
  )
  return [...new Set(found)].filter((server) => parseIp(server) && !/^(127\.|::1$)/.test(server))
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
