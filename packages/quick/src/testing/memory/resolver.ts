// SPDX-License-Identifier: MIT
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Finished } from '@wgq/model/child'
import { formatIp, parseIp } from '@wgq/model/ip'

/** Which manager of name servers a machine in memory has. */
export type ResolverKind = 'resolvconf' | 'resolvectl' | 'file'

/** The in-memory managers of name servers; /etc/resolv.conf is in its own directory. */
export class Resolver {
  kind: ResolverKind = 'resolvconf'
  /** Records of resolvconf by name. */
  readonly records = new Map<string, string>()
  /** Settings of systemd-resolved by interface. */
  readonly links = new Map<string, { dns: string; domain: string }>()
  private root: string | undefined

  /** Makes the file the manager, or systemd-resolved; `root` is a directory to create. */
  use(kind: Exclude<ResolverKind, 'resolvconf'>, root: string): void {
    this.kind = kind
    this.root = root
    mkdirSync(join(root, 'etc'), { recursive: true })
    if (kind === 'resolvectl') mkdirSync(join(root, 'run/systemd/resolve'), { recursive: true })
    this.write('options ndots:2\nsearch home.example\nnameserver 192.0.2.53\n')
  }

  /** The root directory of the machine's files, if it has some. */
  get folder(): { filesUnder?: string } {
    return this.root === undefined ? {} : { filesUnder: this.root }
  }

  /** Acts like a DHCP client. */
  write(text: string): void {
    if (this.root !== undefined) writeFileSync(join(this.root, 'etc/resolv.conf'), text)
  }

  /** Drops all settings. */
  forget(): void {
    this.records.clear()
    this.links.clear()
    this.write('nameserver 192.0.2.54\n')
  }

  /** Drops settings of deleted links, as systemd-resolved does. */
  forgetAbsent(there: ReadonlyMap<string, unknown>): void {
    for (const name of this.links.keys()) if (!there.has(name)) this.links.delete(name)
  }

  /** The program of the manager; undefined if it is not installed. */
  find(program: string): string | undefined {
    return program === this.kind ? `/memory/${program}` : undefined
  }

  /** Says whether the command line changes something. */
  changes([act = '', , ...more]: readonly string[]): boolean {
    return act === '-a' || act === '-d' || act === 'revert' || more.length > 0
  }

  /** `there` contains the links of the machine. */
  run(
    [act = '', name = '', ...more]: readonly string[],
    input: string | undefined,
    there: ReadonlyMap<string, unknown>,
  ): Finished {
    const done = (stdout = '', status = 0): Finished => ({ status, stdout })
    if (this.kind === 'resolvconf') {
      if (act === '-l') return done(this.records.get(name), this.records.has(name) ? 0 : 1)
      if (act === '-a') this.records.set(name, input ?? '')
      else this.records.delete(name)
      return done()
    }
    if (!there.has(name)) return done('', 1)
    const link = this.links.get(name) ?? { dns: '', domain: '' }
    if (act === 'revert') this.links.delete(name)
    else if (more.length === 0) return done(`Link 3 (${name}): ${link[act as 'dns' | 'domain']}\n`)
    else this.links.set(name, { ...link, [act]: [...new Set(more.map(asResolved))].join(' ') })
    return done()
  }

  /** The whole observable state. */
  snapshot(there: ReadonlyMap<string, unknown>): Record<string, unknown> {
    this.forgetAbsent(there)
    const etc = this.root === undefined ? undefined : join(this.root, 'etc')
    return {
      records: Object.fromEntries([...this.records].sort()),
      links: Object.fromEntries([...this.links].sort()),
      files:
        etc === undefined || !existsSync(etc)
          ? []
          : readdirSync(etc).map((file) => [file, readFileSync(join(etc, file), 'utf8').replaceAll(etc, '')]),
    }
  }

  clear(): void {
    if (this.root !== undefined) rmSync(this.root, { recursive: true, force: true })
  }
}

/** systemd-resolved lists addresses in their usual form, names without the last dot, and each once. */
const asResolved = (word: string): string => {
  const address = parseIp(word)
  return address ? formatIp(address) : word.replace(/(?<=[^~])\.$/, '')
}
