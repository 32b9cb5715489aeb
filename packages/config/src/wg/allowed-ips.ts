// SPDX-License-Identifier: MIT
import { maskCidr } from '@wgq/model/cidr'
import type { AllowedIpChange } from '@wgq/model/device'
import { formatIp, parseIp } from '@wgq/model/ip'
import { fault, foundValue } from './fault.ts'

/** One value of `AllowedIPs`: its entries, and whether they replace what the peer has (no entry carries a sign). */
interface AllowedIpsValue {
  readonly replace: boolean
  readonly entries: readonly AllowedIpChange[]
}

/**
 * `AllowedIPs`: entries between commas, each `[+|-]ADDRESS[/LENGTH]` (spec wg §6.5). Host bits are kept, the device masks
 * them; `warn` gets wg's line about them. Raises `E_VALUE`.
 */
export const readAllowedIps = (value: string, warn: (line: string) => void): AllowedIpsValue => {
  if (value === '') return { replace: true, entries: [] }
  let replace = true
  const entries = value.split(',').map((part) => {
    const sign = part[0] === '+' || part[0] === '-' ? part[0] : ''
    if (sign !== '') replace = false
    const entry = readEntry(part.slice(sign.length), warn)
    return sign === '-' ? { ...entry, remove: true } : entry
  })
  return { replace, entries }
}

const readEntry = (text: string, warn: (line: string) => void): AllowedIpChange => {
  const slash = text.indexOf('/')
  const address = slash < 0 ? text : text.slice(0, slash)
  const bytes = parseIp(address)
  if (!bytes) {
    throw fault(
      `Unable to parse IP address: \`${address}'`,
      `An IPv4 or IPv6 address is expected, found ${foundValue(text)}`,
    )
  }
  const most = bytes.length * 8
  const mask = slash < 0 ? String(most) : text.slice(slash + 1)
  if (!/^[0-9]+$/.test(mask) || Number(mask) > most) {
    throw fault(
      `AllowedIP is not in the correct format: \`${text}'`,
      `A prefix length is 0 to ${most}, found ${foundValue(text)}`,
    )
  }
  const entry: AllowedIpChange = {
    family: bytes.length === 4 ? 4 : 6,
    address: formatIp(bytes),
    prefixLength: Number(mask),
  }
  if (entry.prefixLength < most && maskCidr(entry).address !== entry.address) {
    warn(`Warning: AllowedIP has nonzero host part: ${address}/${mask}`)
  }
  return entry
}
