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

/** The port that the kernel gives to a device without one. */
const firstPort = 40_000

/**
 * An in-memory Linux machine with an uplink, WireGuard's driver, nft and a manager of name servers: everything that wgq
 * changes outside its own files.
 */
export class Machine {
  readonly network = new Network()
  readonly firewall = new Firewall()
  readonly devices = new Map<string, Device>()
  readonly resolver = new Resolver()
  /** Commands of the hooks that ran. */
  readonly hooks: string[] = []
  /** The printed text. */
  printed = ''
  /** Called after each change to the machine with a description of it. */
  after: (what: string) => void = () => {}
  /** Number of changes started. */
  changes = 0
  /** Runs hang before this change, as if they were killed. */
  lastChange = Number.POSITIVE_INFINITY
  /** The change with this number fails, once. */
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

  /** The destination of a packet of this machine. */
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

  /** The whole observable state in one normal form, without random numbers. */
  snapshot(): Record<string, unknown> {
    const { network } = this
    return {
      links: [...network.links.values()]
        .map(({ index: _, addresses, ...link }) => ({
          ...link,
          // Only the order of IPv4 addresses decides the source address of packets.
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
      // Neither the order nor the number of rules that drop or accept matters.
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

  /** A change that is not the host's: interrupted or not as a whole. */
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
   * Carries out a run that is interrupted before change number `changes + 1`. Resolves to true if the run got that far;
   * other runs may use the machine then.
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
    // As in /proc/sys, where both spellings refer to the same file.
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
