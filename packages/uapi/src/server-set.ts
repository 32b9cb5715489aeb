// SPDX-License-Identifier: MIT
import { parseCidr } from '@wgq/model/cidr'
import { parseEndpoint } from '@wgq/model/endpoint'
import { WgqError } from '@wgq/model/error'
import { type Key, keyFromHex } from '@wgq/model/key'
import type { ServedDevice, ServedPeer } from './server-device.ts'

/**
 * A `set=1` request, applied line by line as the other implementations do (spec wg §12.2, §12.3): no transaction; on an
 * error the earlier lines stay applied. Raises `E_UAPI` with `errno` EINVAL or EPROTO, or what the device raises.
 */
export class SetRequest {
  private readonly device: ServedDevice
  private section: PeerSection | undefined

  constructor(device: ServedDevice) {
    this.device = device
  }

  /** Applies one line without its line end. */
  line(line: string): void {
    const equals = line.indexOf('=')
    if (equals < 0) throw refusal('EPROTO', 'a line without "="')
    // Only the first "=" separates: values may contain "=".
    const key = line.slice(0, equals)
    const value = line.slice(equals + 1)
    if (key === 'public_key') {
      this.section?.finish()
      this.section = new PeerSection(this.device, hexKey(key, value))
    } else if (this.section) this.section.line(key, value)
    else this.deviceLine(key, value)
  }

  /** The blank line. */
  finish(): void {
    this.section?.finish()
    this.section = undefined
  }

  private deviceLine(key: string, value: string): void {
    switch (key) {
      case 'private_key':
        this.device.setPrivateKey(hexKey(key, value))
        return
      case 'listen_port':
        this.device.setListenPort(decimal(key, value, 0xffff))
        return
      case 'fwmark':
        this.device.setFwmark(decimal(key, value, 0xffffffff))
        return
      case 'replace_peers':
        flag(key, value)
        this.device.removePeers()
        return
      default:
        throw refusal('EINVAL', `unknown device key ${JSON.stringify(key.slice(0, 40))}`)
    }
  }
}

// --- internal ---

/**
 * The lines after one `public_key`. The first line that needs the peer adds it, so `remove` and `update_only` of an
 * unknown peer add none.
 */
class PeerSection {
  private readonly device: ServedDevice
  private readonly publicKey: Key
  private peer: ServedPeer | undefined
  private created = false
  private ignored = false
  private keepaliveSeconds: number | undefined

  constructor(device: ServedDevice, publicKey: Key) {
    this.device = device
    this.publicKey = publicKey
    this.peer = device.peer(publicKey)
  }

  line(key: string, value: string): void {
    switch (key) {
      case 'update_only':
        flag(key, value)
        if (this.created) this.peer?.remove()
        if (this.created || !this.peer) this.ignore()
        return
      case 'remove':
        flag(key, value)
        this.peer?.remove()
        this.ignore()
        return
      case 'protocol_version':
        if (value !== '1') throw refusal('EINVAL', 'protocol_version is not 1')
        return
      case 'preshared_key': {
        const presharedKey = hexKey(key, value)
        this.target()?.setPresharedKey(presharedKey)
        return
      }
      case 'endpoint': {
        const endpoint = parseEndpoint(value)
        if (!endpoint) throw refusal('EINVAL', 'endpoint is not numeric')
        // Without brackets the last part of an IPv6 address would be taken for a port.
        if (value.startsWith('[') !== (endpoint.family === 6))
          throw refusal('EINVAL', 'endpoint has brackets around IPv4, or none around IPv6')
        this.target()?.setEndpoint(endpoint)
        return
      }
      case 'persistent_keepalive_interval':
        this.keepaliveSeconds = decimal(key, value, 0xffff)
        this.target()
        return
      case 'replace_allowed_ips':
        flag(key, value)
        this.target()?.clearAllowedIps()
        return
      case 'allowed_ip': {
        const removal = value.startsWith('-')
        const prefix = value.includes('/') ? parseCidr(removal ? value.slice(1) : value) : undefined
        if (!prefix) throw refusal('EINVAL', 'allowed_ip is not ADDRESS/LENGTH')
        if (removal) this.target()?.removeAllowedIp(prefix)
        else this.target()?.addAllowedIp(prefix)
        return
      }
      default:
        throw refusal('EINVAL', `unknown peer key ${JSON.stringify(key.slice(0, 40))}`)
    }
  }

  finish(): void {
    const peer = this.target()
    if (this.keepaliveSeconds !== undefined) peer?.setKeepalive(this.keepaliveSeconds)
    peer?.configured()
  }

  private target(): ServedPeer | undefined {
    if (this.ignored) return undefined
    if (!this.peer) {
      this.peer = this.device.addPeer(this.publicKey)
      this.created = this.peer !== undefined
      if (!this.peer) this.ignored = true
    }
    return this.peer
  }

  private ignore(): void {
    this.peer = undefined
    this.ignored = true
  }
}

/** `E_UAPI`; `found` never quotes a value, which may be a key. */
const refusal = (errno: 'EINVAL' | 'EPROTO', found: string): WgqError =>
  new WgqError('E_UAPI', `The request is refused: ${found}`, { errno })

const hexKey = (key: string, value: string): Key => {
  const found = keyFromHex(value)
  if (!found) throw refusal('EINVAL', `${key} is not 64 hexadecimal digits`)
  return found
}

const decimal = (key: string, value: string, most: number): number => {
  // Like other daemons it takes any number of leading zeros.
  if (!/^0*[0-9]{1,10}$/.test(value) || Number(value) > most)
    throw refusal('EINVAL', `${key} is not a number from 0 to ${most}`)
  return Number(value)
}

const flag = (key: string, value: string): void => {
  if (value !== 'true') throw refusal('EINVAL', `${key} is not "true"`)
}
