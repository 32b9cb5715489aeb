// SPDX-License-Identifier: MIT
import type { Device } from '@wgq/model/device'
import type { Link } from '@wgq/model/host'
import type { Finding } from './finding.ts'

/** Checks that the interface exists, is up and has addresses. */
export const checkLink = (link: Link | undefined, device: Device, addresses: number): Finding[] => {
  if (!link)
    return [
      {
        check: 'link',
        status: 'problem',
        message: `${device.name} has no network interface in this namespace`,
        hint: 'It was moved to another namespace, or its daemon hangs',
      },
    ]
  const findings: Finding[] = [
    link.up
      ? { check: 'link', status: 'ok', message: `${link.name} is up, MTU ${link.mtu}` }
      : {
          check: 'link',
          status: 'problem',
          message: `${link.name} is down`,
          hint: `wgq reload ${link.name} brings it up with its routes; \`ip link set ${link.name} up\` alone does not bring them back`,
        },
  ]
  if (addresses === 0)
    findings.push({
      check: 'address',
      status: 'warning',
      message: `${link.name} has no address`,
      hint: `Add Address = … to the [Interface] section; if it is there, \`wgq reload ${link.name}\` puts it back`,
    })
  return findings
}
