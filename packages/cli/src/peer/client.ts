// SPDX-License-Identifier: MIT
import { checkConfiguration } from '@wgq/config/check'
import { type Directive, directiveValue, interfaceDirectives } from '@wgq/config/directives'
import { printDocument } from '@wgq/config/document'
import { Edit } from '@wgq/config/edit'
import { type ClientFile, clientFileText } from '@wgq/config/peers/client-file'
import { readSettings } from '@wgq/config/settings'
import { derivePublicKey } from '@wgq/keys/derive'
import { type Cidr, formatCidr, maskCidr, parseCidr } from '@wgq/model/cidr'
import type { Device } from '@wgq/model/device'
import { isWgqError, WgqError } from '@wgq/model/error'
import { isKey, type Key } from '@wgq/model/key'
import type { TunnelFile } from './tunnel-file.ts'

/** The settings for clients in the server's file. */
interface ServerSide {
  readonly addresses: readonly Cidr[]
  readonly directives: readonly Directive[]
  /** Undefined if the file sets no fixed port. */
  readonly port: number | undefined
  /** Both keys are undefined if a hook loads the private key. */
  readonly publicKey: Key | undefined
  readonly privateKey: Key | undefined
  /** Clients reach all other networks through this machine. */
  readonly leadsOut: boolean
}

/** Reads the server's side of a tunnel from its file. */
export const serverSide = ({ document, parts: [main] }: TunnelFile): ServerSide => {
  // Peers are not needed here, and there may be ten thousand.
  const peersFrom = document.lines.findIndex(({ text }) => /^\s*\[\s*peer\s*\]/i.test(text))
  const head = { lines: peersFrom < 0 ? document.lines : document.lines.slice(0, peersFrom) }
  const edit = new Edit(head)
  const { addresses, hooks } = readSettings(printDocument(head), main.path)
  const directives = interfaceDirectives(head)
  const privateKey = edit.get('interface', 'PrivateKey')?.replace(/\s+/g, '') ?? ''
  const port = Number(edit.get('interface', 'ListenPort') ?? 0)
  const masquerade = directiveValue(directives, 'Masquerade')
  return {
    addresses: addresses.flatMap(({ value }) => parseCidr(value) ?? []),
    directives,
    port: port > 0 ? port : undefined,
    publicKey: isKey(privateKey) ? derivePublicKey(privateKey) : undefined,
    privateKey: isKey(privateKey) ? privateKey : undefined,
    leadsOut:
      (masquerade !== undefined && !/^(?:off|no|false)$/i.test(masquerade)) ||
      [...hooks.preUp, ...hooks.postUp].some(({ value }) => /masquerade|snat/i.test(value)),
  }
}

/** The client's own settings; the rest of its file is derived from the server's. */
interface ClientSide {
  readonly name: string
  readonly privateKey?: Key
  readonly presharedKey?: Key
  readonly addresses: readonly Cidr[]
  readonly endpoint: string
}

/**
 * The text of a client's file. Raises `E_SERVER_KEY` if the server's key is unknown, and `E_DIRECTIVE` if a value for
 * clients in the server's file is invalid.
 */
export const clientText = async (
  side: ServerSide,
  device: Device | undefined,
  { name, privateKey, presharedKey, addresses, endpoint }: ClientSide,
): Promise<string> => {
  const publicKey = side.publicKey ?? device?.publicKey
  if (publicKey === undefined)
    throw new WgqError(
      'E_SERVER_KEY',
      'The public key of this server is not known: its file has no PrivateKey',
      {
        hint: 'bring the tunnel up first, or write the PrivateKey into its file',
      },
    )
  const value = (key: string): string | undefined => directiveValue(side.directives, key)
  const file: ClientFile = {
    name,
    ...(privateKey && { privateKey }),
    addresses,
    ...optional('dns', value('ClientDNS')),
    ...optional('mtu', value('ClientMTU')),
    server: {
      publicKey,
      ...(presharedKey && { presharedKey }),
      endpoint,
      allowedIps: value('ClientAllowedIPs') ?? defaultAllowedIps(side),
      ...optional('keepalive', value('ClientKeepalive')),
    },
  }
  const text = clientFileText(file)
  await checkClient(text)
  return text
}

/** Everything if this machine routes to all other networks, else the networks of the tunnel. */
const defaultAllowedIps = ({ leadsOut, addresses }: ServerSide): string =>
  leadsOut ? '0.0.0.0/0, ::/0' : [...new Set(addresses.map((cidr) => formatCidr(maskCidr(cidr))))].join(', ')

const checkClient = async (text: string): Promise<void> => {
  try {
    await checkConfiguration(text, 'client')
  } catch (error) {
    if (!isWgqError(error) || !error.at) throw error
    const line = text.split('\n')[error.at.line - 1] ?? ''
    const key = /^\w+/.exec(line)?.[0] ?? ''
    throw new WgqError('E_DIRECTIVE', `The client's file would be refused: ${error.message}`, {
      cause: error,
      hint: `correct \`# Client${key === 'PersistentKeepalive' ? 'Keepalive' : key}\` in the server's file`,
    })
  }
}

const optional = <K extends string>(key: K, value: string | undefined): { [P in K]?: string } =>
  value === undefined ? {} : ({ [key]: value } as { [P in K]: string })
