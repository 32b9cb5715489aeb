// SPDX-License-Identifier: MIT
import type { Finding } from './finding.ts'
import type { Subject } from './subject.ts'

/** Reads one sysctl, as `sysctl -n KEY`; undefined if it does not exist. */
type ReadSysctl = (key: string) => string | undefined

/**
 * `rp_filter = 1` drops a packet if a reply to its sender would leave through another interface. Packets from a peer
 * arrive on the interface below the tunnel, while an unmarked packet to the peer is routed into the tunnel: they pass
 * only if they get the connection's mark (nft table) and the filter uses it (src_valid_mark). IPv4 only; the kernel has
 * no such filter for IPv6.
 */
export const checkReversePath = async (
  { device, outside, inOneNetwork, ways, label }: Subject,
  readSysctl: ReadSysctl,
  restoresMark: () => Promise<boolean>,
): Promise<Finding[]> => {
  if (!inOneNetwork) return []
  const findings = new Map<string, Finding>()
  for (const { peer, endpoint, route } of ways) {
    const dev = route?.dev
    if (endpoint.family !== 4 || dev === undefined || dev === device.name || findings.has(dev)) continue
    const strict = Math.max(filterOf('all', readSysctl), filterOf(dev, readSysctl)) === 1
    if (!strict || (await outside.routeTo(endpoint.address))?.dev === dev) continue
    if (device.fwmark !== 0 && looksAtMark(dev, readSysctl) && (await restoresMark())) continue
    findings.set(dev, {
      check: 'rp-filter',
      status: 'problem',
      message: `${label(peer)}: rp_filter = 1 drops its answers on ${dev}, because unmarked packets to it are routed elsewhere`,
      hint: `\`wgq reload ${device.name}\` puts the firewall table with the marks back; or: sysctl net.ipv4.conf.${dev}.rp_filter=2`,
    })
  }
  return [...findings.values()]
}

const filterOf = (dev: string, read: ReadSysctl): number =>
  Number(read(`net.ipv4.conf.${dev}.rp_filter`) ?? 0)

const looksAtMark = (dev: string, read: ReadSysctl): boolean =>
  ['all', dev].some((name) => read(`net.ipv4.conf.${name}.src_valid_mark`) === '1')
