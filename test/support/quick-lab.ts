// SPDX-License-Identifier: MIT
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { builtBin } from './built-program.ts'
import type { Namespace } from './netns.ts'
import { PrivateRun, type Ran } from './private-run.ts'
import { goldenNamespace } from './quick-case.ts'
import { snapshot } from './quick-snapshot.ts'

/** A namespace with an uplink and a private /run, for tunnels of wg-quick and wgq. */
export class QuickLab {
  readonly ns: Namespace = goldenNamespace()
  readonly run = new PrivateRun()
  /** Additional variables of the programs. */
  readonly env: NodeJS.ProcessEnv = {}
  /** First in PATH after the programs themselves; empty. */
  readonly stubs = join(this.run.root, 'stubs')

  constructor() {
    mkdirSync(this.stubs)
  }

  /** Writes NAME.conf and returns its path. */
  configure(name: string, text: string): string {
    const path = this.path(name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }

  path(name: string): string {
    return join(this.run.work, `${name}.conf`)
  }

  /** Runs our program of this name (`wgq`, `wg-quick` …), or any other by its path. */
  program(program: string, ...args: string[]): Promise<Ran> {
    const path = program.includes('/') ? program : join(builtBin, program)
    return this.run.run([path, ...args], {
      netns: this.ns.name,
      env: {
        PATH: `${this.stubs}:/usr/sbin:/usr/bin:/sbin:/bin`,
        WG_QUICK_USERSPACE_IMPLEMENTATION: 'wireguard-go',
        D: this.run.root,
        ...this.env,
      },
    })
  }

  snapshot(): Record<string, unknown> {
    return snapshot(this.ns, this.run)
  }

  /** The interface that a packet to an address leaves by. */
  wayTo(address: string): string | undefined {
    return /dev (\S+)/.exec(this.ns.run('ip', 'route', 'get', address))?.[1]
  }

  remove(): void {
    this.ns.remove()
    this.run.remove()
  }
}

const peerKeys = [
  'Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=',
  'Ke8wUlvynA9acjhkHdychziB5/e1YigBuCvIiQ3jTSM=',
]

/** A configuration with one peer; `more` are further lines of the interface section. */
export const tunnel = (
  address: string,
  allowedIps: string,
  more: readonly string[] = [],
  which = 0,
): string =>
  [
    '[Interface]',
    'PrivateKey = cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=',
    `Address = ${address}`,
    ...more,
    '',
    '[Peer]',
    `PublicKey = ${peerKeys[which]}`,
    `AllowedIPs = ${allowedIps}`,
    'Endpoint = 198.51.100.10:51820',
    '',
  ].join('\n')
