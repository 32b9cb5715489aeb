// SPDX-License-Identifier: MIT
import { cipherCode } from '@wgq/dataplane/daemon/cipher-code'
import type { Device } from '@wgq/model/device'
import { daemonBehind } from '@wgq/uapi/daemon-behind'
import type { Finding } from './finding.ts'

/**
 * Reports the driver of a device: the kernel, wgqd, or another daemon by name; `kind` is that of its network interface.
 */
export const dataPlane = (device: Device, kind: string | undefined): Finding[] => [
  { check: 'data-plane', status: 'info', message: `${device.name} is driven by ${driver(device, kind)}` },
  ...(device.counters ? cipher() : []),
  ...(device.counters?.['key_log'] ? [keyLog] : []),
]

const keyLog: Finding = {
  check: 'data-plane',
  status: 'warning',
  message:
    'wgqd writes the keys of every session to a file (WGQ_KEYLOG): who has the file reads captured traffic',
  hint: 'start it without WGQ_KEYLOG when you have seen enough, and remove the file',
}

const driver = (device: Device, kind: string | undefined): string => {
  if (kind === 'wireguard') return 'the kernel'
  if (device.counters) return 'wgqd, the built-in data plane (no kernel driver, or it was not tried)'
  const daemon = daemonBehind(`/var/run/wireguard/${device.name}.sock`)
  return `a userspace daemon${daemon ? `, ${daemon.name} (process ${daemon.pid})` : ''}`
}

/** The daemon runs under the same Node as this program. */
const cipher = (): Finding[] => {
  const { direct, text } = cipherCode()
  return direct
    ? []
    : [
        {
          check: 'data-plane',
          status: 'info',
          message: `the cryptography of packets is ${text}`,
          hint: 'the official builds of Node.js, and those of npm, export them',
        },
      ]
}
