// SPDX-License-Identifier: MIT
import { type Cidr, formatCidr } from '@wgq/model/cidr'
import type { Key } from '@wgq/model/key'

/** The values of a client's configuration. */
export interface ClientFile {
  readonly name: string
  /** Absent if the client generated its own key: a comment then shows where to insert it. */
  readonly privateKey?: Key
  readonly addresses: readonly Cidr[]
  readonly dns?: string
  /** Bytes. */
  readonly mtu?: string
  readonly server: {
    readonly publicKey: Key
    readonly presharedKey?: Key
    /** `HOST:PORT`. */
    readonly endpoint: string
    readonly allowedIps: string
    /** Seconds, or `off`. */
    readonly keepalive?: string
  }
}

/** The configuration file of a client, as wg-quick and the apps read it. It holds the private key. */
export const clientFileText = ({ name, privateKey, addresses, dns, mtu, server }: ClientFile): string => {
  const lines: ReadonlyArray<string | undefined> = [
    '[Interface]',
    `# Name = ${name}`,
    privateKey === undefined
      ? '# PrivateKey = the one that belongs to the public key you gave'
      : `PrivateKey = ${privateKey}`,
    `Address = ${addresses.map(formatCidr).join(', ')}`,
    optional('DNS', dns),
    optional('MTU', mtu),
    '',
    '[Peer]',
    '# Name = server',
    `PublicKey = ${server.publicKey}`,
    optional('PresharedKey', server.presharedKey),
    `Endpoint = ${server.endpoint}`,
    `AllowedIPs = ${server.allowedIps}`,
    optional('PersistentKeepalive', server.keepalive),
  ]
  return `${lines.filter((line) => line !== undefined).join('\n')}\n`
}

const optional = (key: string, value: string | undefined): string | undefined =>
  value === undefined ? undefined : `${key} = ${value}`
