// SPDX-License-Identifier: MIT
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'

/** /etc/hosts and /etc/resolv.conf of a namespace; `ip netns exec` mounts these files over those of the machine. */
export class NamespaceNames {
  private readonly folder: string

  /** Its name server gets one question of a second. The hosts file begins empty. */
  constructor({ name }: { readonly name: string }, nameServer = '127.0.0.1') {
    this.folder = `/etc/netns/${name}`
    mkdirSync(this.folder, { recursive: true })
    this.setResolver(`nameserver ${nameServer}\n`)
    this.set()
  }

  /** Writes resolv.conf; each of its name servers gets one question of a second. */
  setResolver(lines: string): void {
    writeFileSync(`${this.folder}/resolv.conf`, `${lines}options timeout:1 attempts:1\n`)
  }

  /** The addresses of gate.example; none removes the name. */
  set(...addresses: string[]): void {
    writeFileSync(`${this.folder}/hosts`, addresses.map((address) => `${address} gate.example\n`).join(''))
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
