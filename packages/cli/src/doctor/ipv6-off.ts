// SPDX-License-Identifier: MIT
import type { Finding } from './finding.ts'
import type { Subject } from './subject.ts'

/** Says that IPv6 is switched off for an interface whose peers have IPv6: `up` and `reload` leave it out. */
export const checkIpv6Off = (
  { device: { name, peers }, inOneNetwork }: Subject,
  readSysctl: (key: string) => string | undefined,
): Finding[] => {
  if (!inOneNetwork || readSysctl(`net.ipv6.conf.${name}.disable_ipv6`) !== '1') return []
  if (!peers.some(({ allowedIps }) => allowedIps.some(({ family }) => family === 6))) return []
  return [
    {
      check: 'ipv6',
      status: 'info',
      message: `IPv6 is switched off for ${name}: its IPv6 addresses and routes are left out`,
      hint: `\`sysctl -w net/ipv6/conf/${name}/disable_ipv6=0\` switches it on; then: wgq reload ${name}`,
    },
  ]
}
