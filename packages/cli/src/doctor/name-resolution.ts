// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'
import { type Cidr, covers, parseCidr } from '@wgq/model/cidr'
import type { Finding } from './finding.ts'
import { owningPeer } from './packet-path.ts'
import { isFullTunnel, type Subject } from './subject.ts'

/**
 * Checks how name servers are reached. In a full tunnel, a server behind the replaced default route is reached through
 * the tunnel; one in the LAN is queried outside of it and sees every name. In a split tunnel, the servers in the file
 * must be within the AllowedIPs, unless they are public.
 */
export const checkNames = async (subject: Subject, resolvConf = '/etc/resolv.conf'): Promise<Finding[]> => {
  const { device, host, config } = subject
  const full = isFullTunnel(subject, 4) || isFullTunnel(subject, 6)
  const own = new Set(ownServers(config ?? ''))
  const servers = full ? new Set([...nameServers(resolvConf), ...own]) : own
  const findings: Finding[] = []
  for (const server of servers) {
    const address = parseCidr(server)
    if (!address) continue
    const route = await host.routeTo(server)
    if (!route)
      findings.push({
        check: 'dns',
        status: 'problem',
        message: `the name server ${server} cannot be reached`,
        hint: 'Set DNS = … to a server behind the tunnel',
      })
    else if (route.dev === device.name && !owningPeer(device, address))
      findings.push({
        check: 'dns',
        status: 'problem',
        message: `the name server ${server} is routed into ${device.name}, but no peer allows it`,
        hint: `Add ${server} to the AllowedIPs of a peer`,
      })
    else if (route.dev !== device.name && route.dev !== 'lo' && full)
      findings.push({
        check: 'dns',
        status: 'warning',
        message: `names are asked of ${server} through ${route.dev}, outside of the tunnel`,
        hint: 'Set DNS = … to a server behind the tunnel if names should stay private',
      })
    else if (
      route.dev !== device.name &&
      route.dev !== 'lo' &&
      isPrivate(address) &&
      !owningPeer(device, address)
    )
      findings.push({
        check: 'dns',
        status: 'warning',
        message: `the name server ${server} of the file is in no AllowedIPs: it is asked through ${route.dev}, where it hardly is`,
        hint: `Add ${server} to the AllowedIPs of the peer that it is behind`,
      })
  }
  return findings
}

/** The name servers of `DNS = …` lines. */
const ownServers = (config: string): string[] =>
  [...config.matchAll(/^[\t ]*dns[\t ]*=([^#\n]*)/gim)].flatMap((match) =>
    (match[1] as string)
      .split(',')
      .map((word) => word.trim())
      .filter((word) => parseCidr(word) !== undefined && !word.includes('/')),
  )

const privatePrefixes = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'].map(
  (text) => parseCidr(text) as Cidr,
)

const isPrivate = (address: Cidr): boolean => privatePrefixes.some((prefix) => covers(prefix, address))

const nameServers = (path: string): string[] => {
  try {
    return [...readFileSync(path, 'utf8').matchAll(/^[\t ]*nameserver[\t ]+([^\s#]+)/gm)].map(
      (match) => match[1] as string,
    )
  } catch {
    return []
  }
}
