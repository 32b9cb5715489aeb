// SPDX-License-Identifier: MIT
import { systemContext } from '@wgq/config/wg/context'
import { readWgFile } from '@wgq/config/wg/read-file'
import type { ChildOptions, Finished } from '@wgq/model/child'
import { formatCidr } from '@wgq/model/cidr'
import type { Device, DeviceAccess, DeviceChange } from '@wgq/model/device'
import { isWgqError, WgqError } from '@wgq/model/error'
import type { Op } from '@wgq/model/operation'
import type { Dependencies } from '../../dependencies.ts'
import { applyChange } from '../../imagined/imagined-devices.ts'
import { Firewall } from './firewall.ts'
import { MemoryHost } from './memory-host.ts'
import { Network } from './network.ts'
import { type Fate, fateOf } from './packet.ts'
import { refusal } from './refusal.ts'
import { Resolver } from './resolver.ts'

/** The kernel gives a device that asks for none a port. */
const firstPort = 40_000

/**
 * A Linux machine in memory with an uplink, WireGuard's driver, nft and a manager of name servers: everything that wgq touches outside
 * of its own files.
 */
export class Machine {
  readonly network = new Network()
  readonly firewall = new Firewall()
  readonly devices = new Map<string, Device>()
  readonly resolver = new Resolver()
  /** Commands of hooks that were run. */
  readonly hooks: string[] = []
  /** What was printed. */
  printed = ''
  /** Called after each change to the machine with what it was. */
  after: (what: string) => void = () => {}
  /** Changes that were begun. */
  changes = 0
  /** Runs stop for ever before this change, as if they were killed. */
  lastChange = Number.POSITIVE_INFINITY
  /** The change of this number is refused, once. */
  refused = 0
  private ports = 0
  private onStop: () => void = () => {}

  constructor() {
    const { network } = this
    network.addLink('lo', '', 65_536)
    network.addLink('up0', 'veth', 1500)
    for (const name of ['lo', 'up0']) network.setUp(name, true)
    for (const address of ['192.0.2.2/24', '2001:db8::2/64'])
      network.apply({ do: 'address.add', dev: 'up0', family: address.includes(':') ? 6 : 4, address })
    for (const address of ['0.0.0.0', '::']) {
      const family = address === '::' ? 6 : 4
      const dst = { family, address, prefixLength: 0 } as const
      network.routes.push({ family, dst, dev: 'up0', table: 254, protocol: 16, metric: 100 })
    }
  }

  /** Where a packet of this machine goes. */
  fate(packet: { to: string; mark?: number; udp?: boolean }): Fate {
    return fateOf(this.network, this.firewall, packet)
  }

  dependencies(): Dependencies {
    return {
      host: new MemoryHost(this.network, {
        before: () => this.begin(),
        after: (op) => this.afterOnHost(op),
      }),
      devices: this.access(),
      run: async (program, args, options) => this.runProgram(program, args, options ?? {}),
      find: (program) =>
        ['nft', 'bash'].includes(program) ? `/memory/${program}` : this.resolver.find(program),
      ...this.resolver.folder,
      readWgConfig: (text) =>
        readWgFile(
          text,
          'memory',
          systemContext(true, () => {}),
        ),
      formatConf: () => '',
      readSysctl: (key) => this.readSysctl(key),
      writeSysctl: (key, value) => {
        this.network.sysctls.set(key, value)
        this.after(`sysctl ${key}=${value}`)
      },
      env: {},
      print: (text) => {
        this.printed += text
      },
    }
  }

  /** Everything that can be observed, in one normal form; numbers that are random are left out. */
  snapshot(): Record<string, unknown> {
    const { network } = this
    return {
      links: [...network.links.values()]
        .map(({ index: _, addresses, ...link }) => ({
          ...link,
          // Only the order of IPv4 addresses says which one packets leave with.
          ipv4: addresses.filter(({ cidr }) => cidr.family === 4).map(({ cidr }) => formatCidr(cidr)),
          ipv6: addresses
            .filter(({ cidr }) => cidr.family === 6)
            .map(({ cidr }) => formatCidr(cidr))
            .sort(),
        }))
        .sort(byName),
      routes: network.routes
        .map((route) => JSON.stringify(route, Object.keys(route).concat('address', 'prefixLength').sort()))
        .sort(),
      rules: [...network.rulesOf(4), ...network.rulesOf(6)].map(
        ({ family, table, notFwmark, fwmark, suppressPrefixLength, selective }) =>
          `${family} ${table} ${notFwmark ?? fwmark ?? ''} ${suppressPrefixLength ?? ''} ${selective ?? ''}`,
      ),
      sysctls: Object.fromEntries(
        [...network.sysctls]
          // What `up` sets stays, as upstream; the other one is the kernel's default.
          .filter(
            ([key, value]) => !key.includes('src_valid_mark') && !(key.startsWith('net/') && value === '0'),
          )
          .sort(),
      ),
      // Neither the order of rules that drop or accept alone matters, nor how often they are there.
      nft: [...this.firewall.tables.keys()]
        .sort()
        .map((table) => [...new Set(this.firewall.listTable(table)?.split('\n').sort())]),
      devices: [...this.devices.values()].sort(byName).map((device) => ({
        ...device,
        listenPort: device.listenPort >= firstPort ? 'random' : device.listenPort,
        peers: [...device.peers]
          .sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1))
          .map((peer) => ({
            ...peer,
            allowedIps: peer.allowedIps
              .map(({ address, prefixLength }) => `${address}/${prefixLength}`)
              .sort(),
          })),
      })),
      resolvers: this.resolver.snapshot(this.network.links),
    }
  }

  /** A change that is not the host's: cut off or not as one. */
  private async change(what: string, act: () => void): Promise<void> {
    await this.begin()
    act()
    this.after(what)
  }

  private async begin(): Promise<void> {
    this.changes++
    if (this.changes === this.refused) throw refusal('EIO', 'RTNETLINK answers: Input/output error')
    if (this.changes <= this.lastChange) return
    this.onStop()
    await new Promise(() => {})
  }

  /**
   * Carries out a run that is cut off before its change number `changes + 1`. Resolves to true where that came; the machine
   * may be used by other runs then.
   */
  async cutOff(changes: number, run: () => Promise<unknown>): Promise<boolean> {
    this.changes = 0
    this.lastChange = changes
    const stopped = new Promise<true>((resolve) => {
      this.onStop = () => resolve(true)
    })
    const cut = await Promise.race([stopped, run().then(() => false as const)])
    this.lastChange = Number.POSITIVE_INFINITY
    return cut
  }

  private afterOnHost(op: Op): void {
    if (op.do === 'link.add') this.addDevice(op.name)
    if (op.do === 'link.delete') this.devices.delete(op.name)
    this.after(described(op))
  }

  private addDevice(name: string): void {
    this.devices.set(name, { name, listenPort: firstPort + this.ports++, fwmark: 0, peers: [] })
  }

  private access(): DeviceAccess {
    const found = (name: string): Device => {
      const device = this.devices.get(name)
      if (!device) throw new WgqError('E_DEVICE', 'No such device', { errno: 'ENODEV' })
      return device
    }
    return {
      list: async () => [...this.devices.keys()],
      read: async (name) => found(name),
      change: async (name: string, change: DeviceChange) => {
        const device = found(name)
        await this.change(`wg set ${name}`, () => {
          const after = applyChange(device, change)
          const listenPort = after.listenPort === 0 ? firstPort + this.ports++ : after.listenPort
          this.devices.set(name, { ...after, listenPort })
        })
      },
    }
  }

  private readSysctl(key: string): string | undefined {
    const value = this.network.sysctls.get(key)
    // As /proc/sys has it, where both spellings lead to the same file.
    const same = key.startsWith('net/') ? this.network.sysctls.get(key.replaceAll('/', '.')) : undefined
    if (same !== undefined) return same
    const dev = /^net\/ipv6\/conf\/(.+)\/disable_ipv6$/.exec(key)?.[1]
    if (value !== undefined || dev === undefined || !this.network.links.has(dev)) return value
    return this.network.isIpv6Off(dev) ? '1' : '0'
  }

  private async runProgram(
    program: string,
    args: readonly string[],
    options: ChildOptions,
  ): Promise<Finished> {
    const done = (status: number, stdout = ''): Finished => ({ status, stdout })
    try {
      return await this.carryOut(program.replace('/memory/', ''), args, options, done)
    } catch (error) {
      if (isWgqError(error)) return done(4)
      throw error
    }
  }

  private async carryOut(
    name: string,
    args: readonly string[],
    options: ChildOptions,
    done: (status: number, stdout?: string) => Finished,
  ): Promise<Finished> {
    const words = args.join(' ')
    if (name === 'nft') {
      if (words === '-f -') {
        let status = 0
        await this.change('nft', () => {
          status = this.firewall.load(options.input ?? '')
        })
        return done(status)
      }
      if (words === 'list tables') return done(0, this.firewall.list())
      const listing = this.firewall.listTable(args.slice(2).join(' '))
      return done(listing === undefined ? 1 : 0, listing)
    }
    if (name === this.resolver.kind) {
      this.resolver.forgetAbsent(this.network.links)
      if (!this.resolver.changes(args)) return this.resolver.run(args, options.input, this.network.links)
      let finished = done(0)
      await this.change(words, () => {
        finished = this.resolver.run(args, options.input, this.network.links)
      })
      return finished
    }
    if (name === 'bash') {
      await this.change('hook', () => this.hooks.push(options.script ?? ''))
      return done(0)
    }
    return done(127)
  }
}

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1)

const described = (op: Op): string => JSON.stringify(op)
