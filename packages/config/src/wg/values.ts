// SPDX-License-Identifier: MIT
import { isKey, type Key } from '@wgq/model/key'
import { fault, foundValue } from './fault.ts'
import type { PortReader } from './port.ts'

/** `ListenPort`: a decimal number or the name of a UDP service (spec wg §6.1). Raises `E_VALUE`. */
export const readPort = (value: string, ports: PortReader): number => {
  if (value === '') throw fault('Unable to parse empty port', 'A port is expected, found nothing')
  const port = ports(value)
  if (port !== undefined) return port
  throw fault(
    `Servname not supported for ai_socktype: \`${value}'`,
    `A port is 0 to 65535 or the name of a UDP service, found ${foundValue(value)}`,
  )
}

/** `FwMark`: `off`, decimal, or hexadecimal after a lower-case `0x`; 0 to 0xffffffff (spec wg §6.2). Raises `E_VALUE`. */
export const readFwmark = (value: string): number => {
  if (isOff(value)) return 0
  const number = /^(?:[0-9]+|0x[0-9a-fA-F]+)$/.test(value) ? Number(value) : Number.NaN
  if (number <= 0xffffffff) return number
  throw fault(
    `Fwmark is neither 0/off nor 0-0xffffffff: \`${value}'`,
    `A fwmark is off or 0 to 0xffffffff, decimal or after 0x, found ${foundValue(value)}`,
  )
}

/** A key in base64 (spec wg §8). Raises `E_VALUE`. */
export const readKey = (value: string): Key => {
  if (isKey(value)) return value
  throw fault(
    `Key is not the correct length or format: \`${value}'`,
    `A key is 44 base64 characters ending in "=", found ${value.length} characters`,
    '`wgq genkey` prints a valid key',
  )
}

/** `PersistentKeepalive`: `off` or 0 to 65535 seconds (spec wg §6.4). Raises `E_VALUE`. */
export const readKeepalive = (value: string): number => {
  if (isOff(value)) return 0
  if (/^[0-9]+$/.test(value) && Number(value) <= 65535) return Number(value)
  throw fault(
    `Persistent keepalive interval is neither 0/off nor 1-65535: \`${value}'`,
    `A keepalive interval is off or 0 to 65535 seconds, found ${foundValue(value)}`,
  )
}

const isOff = (value: string): boolean => /^off$/i.test(value) && value.length === 3
