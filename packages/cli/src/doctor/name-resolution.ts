// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'
import { parseCidr } from '@wgq/model/cidr'
import type { Device } from '@wgq/model/device'
import type { Host } from '@wgq/model/host'
import type { Finding } from './finding.ts'
import { owningPeer } from './packet-path.ts'

/**
 * Where name servers are reached in a full tunnel: a server on the other side of a default route that the tunnel took over
 * is asked through the tunnel, one in the LAN is asked outside of it and sees every name. Nothing to say for split tunnels.
 */
export const checkNames = async (
  host: Host,
  device: Device,
  resolvConf = '/etc/resolv.conf',
): Promise<Finding[]> => {
  if (!device.peers.some(({ allowedIps }) => allowedIps.some(({ prefixLength }) => prefixLength === 0)))
    return []
  const findings: Finding[] = []
  for (const server of nameServers(resolvConf)) {
    const address = parseCidr(server)
    const route = address && (await host.routeTo(server))
    if (!address) continue
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
    else if (route.dev !== device.name && route.dev !== 'lo')
      findings.push({
        check: 'dns',
        status: 'warning',
        message: `names are asked of ${server} through ${route.dev}, outside of the tunnel`,
        hint: 'Set DNS = … to a server behind the tunnel if names should stay private',
      })
  }
  return findings
}

const nameServers = (path: string): string[] => {
  try {
    return [...readFileSync(path, 'utf8').matchAll(/^[\t ]*nameserver[\t ]+([^\s#]+)/gm)].map(
      (match) => match[1] as string,
    )
  } catch {
    return []
  }
}
