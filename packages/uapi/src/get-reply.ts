// SPDX-License-Identifier: MIT
import { type Cidr, parseCidr } from '@wgq/model/cidr'
import { type Device, emptyPeer, type Peer } from '@wgq/model/device'
import { type Endpoint, parseEndpoint } from '@wgq/model/endpoint'
import { type Key, keyFromHex, zeroKey } from '@wgq/model/key'
import { protocolError } from './reply-error.ts'

/** The content of a `get=1` reply: the device, without its public key, which the protocol does not carry. */
interface GetReply {
  readonly device: Device
  /** The last `errno` of the reply, never negative (spec wg §12.1). */
  readonly errno: number
  /** `own_public_key`, which boringtun sends instead of `private_key`; `wg` ignores it. */
  readonly ownPublicKey?: Key
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type ReadPeer = Mutable<Omit<Peer, 'allowedIps' | 'lastHandshake'>> & {
  allowedIps: Cidr[]
  lastHandshake: { seconds: bigint; nanoseconds: number }
}

/**
 * Reads a `get=1` reply line by line, as `wg` does (spec wg §12.1): device keys count only before the first peer,
 * unknown keys are ignored, anything malformed raises `E_DEVICE` with errno `EPROTO`.
 */
export class GetReplyReader {
  private readonly device: Mutable<Omit<Device, 'peers'>> & { peers: ReadPeer[] }
  private peer: ReadPeer | undefined
  private errno: number | undefined
  private ownPublicKey: Key | undefined

  constructor(name: string) {
    this.device = { name, listenPort: 0, fwmark: 0, peers: [] }
  }

  /** Takes one line without its line end. */
  line(line: string): void {
    const equals = line.indexOf('=')
    if (equals < 0) throw protocolError(`a line without "=": ${JSON.stringify(line.slice(0, 40))}`)
    const key = line.slice(0, equals)
    const value = line.slice(equals + 1)
    if (key === 'errno') this.errno = Number(decimal(key, value, 0x7fffffffn))
    else if (key === 'public_key') this.openPeer(hexKey(key, value))
    else if (this.peer) readPeerField(this.peer, key, value)
    // A bad value of a key that `wg` ignores does not make the reply invalid.
    else if (key === 'own_public_key') this.ownPublicKey = keyFromHex(value)
    else readDeviceField(this.device, key, value)
  }

  /** Ends the reply at its blank line. */
  finish(): GetReply {
    if (this.errno === undefined) throw protocolError('no errno before the blank line')
    return {
      device: this.device,
      errno: this.errno,
      ...(this.ownPublicKey === undefined ? {} : { ownPublicKey: this.ownPublicKey }),
    }
  }

  private openPeer(publicKey: Key): void {
    this.peer = { ...emptyPeer(publicKey), allowedIps: [] }
    this.device.peers.push(this.peer)
  }
}

const readDeviceField = (device: Mutable<Omit<Device, 'peers'>>, key: string, value: string): void => {
  switch (key) {
    case 'private_key':
      device.privateKey = hexKey(key, value)
      return
    case 'listen_port':
      device.listenPort = Number(decimal(key, value, 0xffffn))
      return
    case 'fwmark':
      device.fwmark = Number(decimal(key, value, 0xffffffffn))
      return
    case 'wgq_listen_error':
      // By name: the numbers differ between systems.
      if (/^E[A-Z0-9]{1,30}$/.test(value)) device.listenError = value
  }
}

const readPeerField = (peer: ReadPeer, key: string, value: string): void => {
  switch (key) {
    case 'preshared_key': {
      const presharedKey = hexKey(key, value)
      if (presharedKey === zeroKey) delete peer.presharedKey
      else peer.presharedKey = presharedKey
      return
    }
    case 'endpoint':
      peer.endpoint = numericEndpoint(value)
      return
    case 'persistent_keepalive_interval':
      peer.keepaliveSeconds = Number(decimal(key, value, 0xffffn))
      return
    case 'last_handshake_time_sec':
      peer.lastHandshake.seconds = decimal(key, value, 0x7fffffffffffffffn)
      return
    case 'last_handshake_time_nsec':
      peer.lastHandshake.nanoseconds = Number(decimal(key, value, 0x7fffffffffffffffn))
      return
    case 'rx_bytes':
      peer.rxBytes = decimal(key, value, 0xffffffffffffffffn)
      return
    case 'tx_bytes':
      peer.txBytes = decimal(key, value, 0xffffffffffffffffn)
      return
    case 'allowed_ip':
      peer.allowedIps.push(maskedAddress(value))
  }
}

const decimal = (key: string, value: string, most: bigint): bigint => {
  // 20 digits hold 2^64-1; more may still be a small number with leading zeros.
  if (!/^[0-9]+$/.test(value)) throw protocolError(`${key} is not a decimal number`)
  const number = BigInt(value)
  if (number > most) throw protocolError(`${key} is above ${most}`)
  return number
}

const hexKey = (key: string, value: string): Key => {
  const found = keyFromHex(value)
  if (!found) throw protocolError(`${key} is not 64 hexadecimal digits`)
  return found
}

const numericEndpoint = (value: string): Endpoint => {
  const found = parseEndpoint(value)
  if (!found) throw protocolError(`an endpoint that is not numeric: ${JSON.stringify(value.slice(0, 80))}`)
  return found
}

const maskedAddress = (value: string): Cidr => {
  const found = value.includes('/') ? parseCidr(value) : undefined
  if (!found) throw protocolError(`allowed_ip is not ADDRESS/LENGTH: ${JSON.stringify(value.slice(0, 80))}`)
  return found
}
