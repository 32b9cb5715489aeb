// SPDX-License-Identifier: MIT
import { formatCidr, parseCidr } from '@wgq/model/cidr'
import type { Host, Link, LinkAddress, Route, RouteLookup } from '@wgq/model/host'
import type { Family } from '@wgq/model/ip'
import type { IfName, Op, Rule, Table } from '@wgq/model/operation'
import type { CommandResult, CommandRunner } from './command-runner.ts'
import {
  type Argv,
  bareAddress,
  type Dialect,
  descriptionPrefix,
  familyFlag,
  type NameView,
} from './dialect.ts'
import { CommandError } from './host-error.ts'
import { parseIfconfig, type ShownInterface } from './ifconfig.ts'
import { parseNetstat } from './netstat.ts'
import { holdsPrefix, parseRouteGet } from './route-get.ts'

/** The network of a BSD, read and changed through ifconfig, route and netstat, as in upstream. */
export class BsdHost implements Host {
  readonly runner: CommandRunner
  readonly dialect: Dialect
  private readonly interfaceIndex: (name: string) => number | undefined
  private readonly realNames = new Map<IfName, string>()
  private readonly firstAddresses = new Map<string, string>()
  /** Interfaces that were just created and have only the addresses added here. */
  private readonly fresh = new Set<IfName>()

  constructor(dialect: Dialect, runner: CommandRunner, interfaceIndex: (name: string) => number | undefined) {
    this.dialect = dialect
    this.runner = runner
    this.interfaceIndex = interfaceIndex
  }

  async links(): Promise<Link[]> {
    return (await this.shown()).map((shown) => this.linkOf(shown, shown.name))
  }

  /** By the configuration's name first (description), then by the system's. */
  async link(name: IfName): Promise<Link | undefined> {
    const real = await this.realName(name)
    const shown = real === undefined ? await this.show(name) : await this.show(real)
    return shown && this.linkOf(shown, shown.name)
  }

  async addresses(dev: IfName, family?: Family): Promise<LinkAddress[]> {
    const shown = await this.show((await this.realName(dev)) ?? dev)
    return (shown?.addresses ?? []).filter(({ cidr }) => family === undefined || cidr.family === family)
  }

  async routes(query: { family: Family; table?: Table; dev?: IfName }): Promise<Route[]> {
    const table = query.table === undefined || query.table === 'main' ? undefined : String(query.table)
    const { stdout } = await this.runner.run(this.dialect.listRoutes(query.family, table))
    const dev = query.dev === undefined ? undefined : ((await this.realName(query.dev)) ?? query.dev)
    return parseNetstat(stdout, query.family, Number(table ?? 0)).filter(
      (route) => dev === undefined || route.dev === dev,
    )
  }

  /** The BSDs have no policy rules. */
  async rules(): Promise<Rule[]> {
    return []
  }

  /** `route -n get -inet|-inet6 ADDRESS`, also for a prefix. */
  async routeTo(address: string): Promise<RouteLookup | undefined> {
    // A host is looked up without its length: OpenBSD finds a /128 only if it is in the table itself.
    const prefix = address.includes('/') ? parseCidr(address) : undefined
    const isHost = prefix !== undefined && prefix.prefixLength === (prefix.family === 4 ? 32 : 128)
    const { status, stdout } = await this.runner.run([
      ...['route', '-n', 'get', familyFlag(address.includes(':') ? 6 : 4)],
      isHost ? prefix.address : address,
    ])
    if (status !== 0 || (prefix && !holdsPrefix(stdout, prefix))) return undefined
    return parseRouteGet(stdout)
  }

  async apply(ops: readonly Op[]): Promise<void> {
    let applied = 0
    for (const op of ops) {
      try {
        await this.perform(op, () => {})
      } catch (error) {
        throw Object.assign(error as Error, { applied })
      }
      applied++
    }
  }

  /**
   * Carries out one operation; `echo` gets each command before it runs. Raises `E_HOST` with the command's own text and
   * status, `E_NO_ADDRESS` like the dialect.
   */
  async perform(op: Op, echo: (argv: Argv) => void): Promise<void> {
    if (op.do === 'link.add') {
      this.realNames.set(op.name, await this.dialect.create(op.name, this.runner, echo))
      this.fresh.add(op.name)
      return
    }
    await this.prepare(op)
    for (const argv of this.dialect.commands(op, this.names())) {
      echo(argv)
      const result = await this.runner.run(argv)
      if (result.status !== 0 && !(await this.hasHalf(op, argv, result)))
        throw new CommandError(argv, result, 0)
    }
    if (op.do === 'address.add') this.rememberAddress(op.dev, op.family, op.address)
    if (op.do === 'address.delete') this.firstAddresses.delete(`${op.dev} ${op.family}`)
    if (op.do === 'link.delete') this.realNames.delete(op.name)
  }

  /**
   * Adopts an interface that a daemon created, named `real` by the system, for the configuration `name`: where the
   * system numbers interfaces, `name` becomes its description. `echo` gets the command before it runs. Raises `E_HOST`.
   */
  async adoptLink(name: IfName, real: string, echo: (argv: Argv) => void): Promise<void> {
    this.realNames.set(name, real)
    if (name === real) return
    const argv = ['ifconfig', real, 'description', `${descriptionPrefix}${name}`]
    echo(argv)
    const result = await this.runner.run(argv)
    if (result.status !== 0) throw new CommandError(argv, result, 0)
  }

  /** The commands of an operation without carrying it out (dry run). */
  commands(op: Op): readonly Argv[] {
    return this.dialect.commands(op, this.names())
  }

  /** The system's name of a configuration's interface; undefined when there is none. */
  async realName(name: IfName): Promise<string | undefined> {
    const known = this.realNames.get(name)
    if (known !== undefined) return known
    const found = (await this.shown()).find((shown) => this.dialect.carries(name, shown))
    if (found) this.realNames.set(name, found.name)
    return found?.name
  }

  /** The system's name if it is known already, else the configuration's. */
  knownName(name: IfName): string {
    return this.realNames.get(name) ?? name
  }

  close(): void {}

  /** Looks up in advance what the dialect needs, because its calls are synchronous. */
  private async prepare(op: Op): Promise<void> {
    const dev = 'dev' in op ? op.dev : 'name' in op ? op.name : undefined
    if (dev === undefined) return
    await this.realName(dev)
    const family = op.do === 'route.add' ? op.dst.family : op.do === 'address.add' ? op.family : undefined
    const isKnown = family === undefined || this.firstAddresses.has(`${dev} ${family}`)
    if (isKnown || (op.do === 'address.add' && this.fresh.has(dev))) return
    const [first] = (await this.addresses(dev, family)).filter(({ scope }) => scope !== 'link')
    if (first) this.rememberAddress(dev, family, first.cidr.address)
  }

  /** Returns whether half of a default route was refused because it exists already: only the other half was removed. */
  private async hasHalf(op: Op, argv: Argv, { stderr }: CommandResult): Promise<boolean> {
    if (op.do !== 'route.add' || op.dst.prefixLength !== 0 || !/File exists/.test(stderr)) return false
    const there = await this.routes({ family: op.dst.family, dev: op.dev })
    return there.some(({ dst }) => dst.prefixLength === 1 && argv.includes(formatCidr(dst)))
  }

  private rememberAddress(dev: IfName, family: Family, address: string): void {
    const key = `${dev} ${family}`
    if (!this.firstAddresses.has(key)) this.firstAddresses.set(key, bareAddress(address))
  }

  private names(): NameView {
    return {
      real: (name) => this.realNames.get(name) ?? name,
      firstAddress: (name, family) => this.firstAddresses.get(`${name} ${family}`),
    }
  }

  private async shown(): Promise<ShownInterface[]> {
    return parseIfconfig((await this.runner.run(['ifconfig', '-a'])).stdout)
  }

  private async show(real: string): Promise<ShownInterface | undefined> {
    const { status, stdout } = await this.runner.run(['ifconfig', real])
    return status === 0 ? parseIfconfig(stdout)[0] : undefined
  }

  private linkOf(shown: ShownInterface, name: string): Link {
    const wireguard = shown.groups.includes('wg') || /^wg[0-9]+$/.test(shown.name)
    return {
      index: this.interfaceIndex(shown.name) ?? 0,
      name,
      ...(wireguard ? { kind: 'wireguard' } : {}),
      mtu: shown.mtu,
      up: shown.up,
    }
  }
}
