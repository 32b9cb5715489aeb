// SPDX-License-Identifier: MIT
import { randomBytes } from 'node:crypto'
import { Daemon } from './daemon.ts'
import type { Implementation } from './implementation.ts'
import { connect, Namespace } from './netns.ts'
import { makeKeys } from './noise.ts'

/** A key pair as `wg` writes it. */
interface TextKeys {
  readonly privateKey: string
  readonly publicKey: string
}

/** A fresh key pair in base64. */
export const makeTextKeys = (): TextKeys => {
  const { privateKey, publicKey } = makeKeys()
  return { privateKey: privateKey.toString('base64'), publicKey: publicKey.toString('base64') }
}

/** One side of a {@link Tunnel}. */
export interface End {
  readonly ns: Namespace
  readonly daemon: Daemon
  readonly keys: TextKeys
  readonly device: string
  /** Addresses outside the tunnel. */
  readonly outer: { readonly v4: string; readonly v6: string }
  /** Addresses inside the tunnel. */
  readonly inner: { readonly v4: string; readonly v6: string }
  readonly port: number
}

/** Options of a {@link Tunnel}, all with defaults except `label`. */
export interface TunnelOptions {
  /** Prefix of the namespaces' names. */
  readonly label: string
  /** Daemons of the two sides. */
  readonly implementations?: readonly [Implementation, Implementation]
  /** Family of the outer packets. */
  readonly outer?: 4 | 6
  readonly psk?: boolean
  /** Which sides know the other's endpoint; both unless given. */
  readonly knows?: readonly [boolean, boolean]
  readonly mtu?: number
  readonly env?: NodeJS.ProcessEnv
}

/** Two namespaces joined by a veth pair, a configured daemon in each, interfaces up. */
export class Tunnel {
  readonly a: End
  readonly b: End
  readonly psk: string | undefined

  private constructor(a: End, b: End, psk: string | undefined) {
    this.a = a
    this.b = b
    this.psk = psk
  }

  /** Builds the tunnel; on failure nothing is left behind. */
  static async open(options: TunnelOptions): Promise<Tunnel> {
    const spaces = [new Namespace(`${options.label}a`), new Namespace(`${options.label}b`)] as const
    try {
      connect(
        { ns: spaces[0], dev: 'veth0', addresses: ['10.77.0.1/24', 'fd77::1/64'] },
        { ns: spaces[1], dev: 'veth0', addresses: ['10.77.0.2/24', 'fd77::2/64'] },
      )
      const [a, b] = await Promise.all([side(spaces[0], 0, options), side(spaces[1], 1, options)])
      const psk = options.psk ? randomBytes(32).toString('base64') : undefined
      const knows = options.knows ?? [true, true]
      configure(a, b, options.outer ?? 4, psk, knows[0])
      configure(b, a, options.outer ?? 4, psk, knows[1])
      return new Tunnel(a, b, psk)
    } catch (error) {
      for (const ns of spaces) ns.remove()
      throw error
    }
  }

  /** Sends one ping through the tunnel; `args` are passed to ping(8). Returns whether it succeeded. */
  ping(from: 'a' | 'b' = 'a', ...args: string[]): boolean {
    const [here, there] = from === 'a' ? [this.a, this.b] : [this.b, this.a]
    const options = args.length ? args : ['-c', '1', '-W', '5']
    return here.ns.tryRun('ping', ['-n', '-q', ...options, there.inner.v4]).status === 0
  }

  remove(): void {
    this.a.ns.remove()
    this.b.ns.remove()
  }
}

const side = async (ns: Namespace, index: 0 | 1, options: TunnelOptions): Promise<End> => {
  const implementation = options.implementations?.[index]
  const daemon = await Daemon.start(ns, {
    ...(implementation && { implementation }),
    ...(options.env && { env: options.env }),
  })
  const n = index + 1
  const end: End = {
    ns,
    daemon,
    keys: makeTextKeys(),
    device: daemon.device,
    outer: { v4: `10.77.0.${n}`, v6: `fd77::${n}` },
    inner: { v4: `192.168.241.${n}`, v6: `fd00:241::${n}` },
    port: n * 10_000,
  }
  ns.run('ip', 'address', 'add', `${end.inner.v4}/24`, 'dev', daemon.device)
  ns.run('ip', 'address', 'add', `${end.inner.v6}/64`, 'dev', daemon.device, 'nodad')
  if (options.mtu) ns.run('ip', 'link', 'set', daemon.device, 'mtu', String(options.mtu))
  ns.run('ip', 'link', 'set', daemon.device, 'up')
  return end
}

const configure = (
  own: End,
  other: End,
  outer: 4 | 6,
  psk: string | undefined,
  knowsEndpoint: boolean,
): void => {
  const endpoint = outer === 4 ? `${other.outer.v4}:${other.port}` : `[${other.outer.v6}]:${other.port}`
  own.daemon.setconf(
    [
      '[Interface]',
      `PrivateKey = ${own.keys.privateKey}`,
      `ListenPort = ${own.port}`,
      '[Peer]',
      `PublicKey = ${other.keys.publicKey}`,
      ...(psk ? [`PresharedKey = ${psk}`] : []),
      `AllowedIPs = ${other.inner.v4}/32, ${other.inner.v6}/128`,
      ...(knowsEndpoint ? [`Endpoint = ${endpoint}`] : []),
      '',
    ].join('\n'),
  )
}
