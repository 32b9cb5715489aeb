// SPDX-License-Identifier: MIT
import { type Cidr, formatCidr } from '@wgq/model/cidr'
import type { Device, Peer } from '@wgq/model/device'
import type { Host, RouteLookup } from '@wgq/model/host'
import { formatIp, parseIp } from '@wgq/model/ip'
import type { Finding } from './finding.ts'
import { packetPath } from './packet-path.ts'

/** Maximum number of allowed IPs reported: one wrong route often affects them all. */
const mostRouteFindings = 20

/**
 * Checks that every allowed IP is routed into the device; otherwise packets to it never reach the peer. A device has
 * each prefix only once, so a prefix identifies its peer.
 */
export const checkRoutes = async (
  host: Host,
  device: Device,
  label: (peer: Peer) => string,
): Promise<Finding[]> => {
  const findings: Finding[] = []
  for (const peer of device.peers) {
    for (const allowedIp of peer.allowedIps) {
      const { address, route } = await wayInto(host, allowedIp)
      if (!route || route.dev === device.name) continue
      findings.push(await elsewhere(host, device, label(peer), allowedIp, address, route.dev))
      if (findings.length === mostRouteFindings) return findings
    }
  }
  return findings
}

const elsewhere = async (
  host: Host,
  device: Device,
  label: string,
  allowedIp: Cidr,
  address: string,
  dev: string | undefined,
): Promise<Finding> => {
  const base = { check: 'route', status: 'warning' } as const
  if (dev === 'lo')
    return {
      ...base,
      message: `${label}: ${formatCidr(allowedIp)} is an address of this machine itself, packets to it never leave`,
      hint: 'AllowedIPs are the addresses of the other side',
    }
  const later = host.askRoute ? (await packetPath(host, [device], address))?.later : undefined
  const why = later
    ? `Rule ${later.rule.preference} has the route into ${device.name}, but another rule comes first (another VPN?)`
    : 'Another route is more specific or Table = off'
  return {
    ...base,
    message: `${label}: packets to ${formatCidr(allowedIp)} leave through ${dev ?? 'no interface'}, not ${device.name}`,
    hint: `${why}: see \`wgq doctor ${device.name} --to ${address}\`; \`wgq reload ${device.name}\` puts back what is missing`,
  }
}

/** The route to an address of the prefix that is not one of this machine's own. */
const wayInto = async (
  host: Host,
  prefix: Cidr,
): Promise<{ address: string; route: RouteLookup | undefined }> => {
  const samples = sampleAddresses(prefix)
  for (const address of samples) {
    const route = await host.routeTo(address)
    if (route?.dev !== 'lo') return { address, route }
  }
  return { address: samples[0] as string, route: { dev: 'lo' } }
}

/**
 * Addresses to look up in place of a prefix. Its base may be this machine's own address, the network's or, for a
 * default route, 0.0.0.0, which means this machine. The last sample of a short prefix is its base.
 */
export const sampleAddresses = ({ family, address, prefixLength }: Cidr): string[] => {
  const bits = family === 4 ? 32 : 128
  const bytes = parseIp(address) as Uint8Array
  if (prefixLength === bits) return [address]
  // 0.0.0.0/8 has no public addresses; ::/16 holds the loopback and mapped addresses.
  if (family === 4 && bytes[0] === 0 && prefixLength <= 7) bytes[0] = 1
  if (family === 6 && bytes[0] === 0 && prefixLength <= 2) bytes.set([0x26, 0x00])
  const hosts = bits - prefixLength === 1 ? [1, 0] : [1, 2, 3]
  return hosts.map((host) => {
    const sample = Uint8Array.from(bytes)
    sample[sample.length - 1] = (sample.at(-1) as number) | host
    return formatIp(sample)
  })
}
