// SPDX-License-Identifier: MIT

import { type Cidr, covers, formatCidr, maskCidr, parseCidr } from '@wgq/model/cidr'
import type { Family } from '@wgq/model/ip'
import { formatIp } from '@wgq/model/ip'
import type { CommandOptions, CommandResult, CommandRunner } from '../command-runner.ts'

/** An interface of a simulated system. */
interface SimulatedInterface {
  mtu: number
  up: boolean
  description?: string
  readonly addresses: Cidr[]
}

/** A route of a simulated system; `gateway` is an address, `dev` the interface it leads to. */
interface SimulatedRoute {
  readonly dst: Cidr
  readonly dev: string
  readonly gateway?: string
  readonly table: string
  /** OpenBSD: the local address by which the route was added; the route is removed with it. */
  readonly by?: string
}

const ok = (stdout = ''): CommandResult => ({ status: 0, stdout, stderr: '' })
const failed = (stderr: string, status = 1): CommandResult => ({ status, stdout: '', stderr: `${stderr}\n` })

/**
 * The tools of one BSD over a network in memory: ifconfig, route, netstat, resolvconf and pgrep keep state and print
 * the output of the real ones (formats of spec bsd §5 and the manual pages); every argument list is recorded. Tests set
 * up routes and interfaces with the same commands.
 */
export class SimulatedSystem implements CommandRunner {
  readonly system: 'freebsd' | 'openbsd' | 'netbsd'
  readonly calls: string[] = []
  readonly interfaces = new Map<string, SimulatedInterface>()
  routes: SimulatedRoute[] = []
  readonly resolvers = new Map<string, string>()
  /** Names that pgrep finds. */
  readonly processes = new Set<string>()
  /** Commands that fail: a part of the command line, and the error text. */
  readonly failures = new Map<string, CommandResult>()
  /** Called when a wg interface is created or removed, so that a kernel twin can follow. */
  onLink: (name: string, present: boolean) => void = () => {}

  constructor(system: SimulatedSystem['system']) {
    this.system = system
    this.interfaces.set('em0', { mtu: 1500, up: true, addresses: [] })
  }

  /** The argument lists that changed something, without queries. */
  get changes(): string[] {
    return this.calls.filter(
      (call) => !/^(netstat|pgrep|setfib)|^route -n get|^ifconfig( -a| -l| \S+)?$/.test(call),
    )
  }

  async run(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const call = argv.join(' ')
    this.calls.push(call)
    for (const [text, result] of this.failures) if (call.includes(text)) return result
    const [program, ...args] = argv
    if (program === 'ifconfig') return this.ifconfig(args)
    if (program === 'route') return this.route(args)
    if (program === 'netstat') return ok(this.netstat(args.includes('inet6') ? 6 : 4, tableOf(args, '-T')))
    if (program === 'setfib') return ok(this.netstat(args.includes('inet6') ? 6 : 4, args[0] as string))
    if (program === 'resolvconf') return this.resolvconf(args, options.stdin ?? '')
    if (program === 'pgrep') return this.processes.has(args[1] as string) ? ok() : failed('', 1)
    if (program === 'cp' || program === 'mv' || program === 'rm') return ok()
    return failed(`${program}: not found`, 127)
  }

  private ifconfig(args: readonly string[]): CommandResult {
    const [first, ...rest] = args
    if (first === undefined || first === '-a')
      return ok([...this.interfaces.keys()].map((name) => this.show(name)).join(''))
    if (first === '-l') return ok(`${[...this.interfaces.keys()].join(' ')}\n`)
    if (first === 'wg') return this.createRenamed(rest[2] as string)
    if (rest[0] === 'create') return this.create(first, rest)
    const found = this.interfaces.get(first)
    if (!found) return failed(this.missing(first))
    if (rest.length === 0) return ok(this.show(first))
    return this.configure(first, found, rest)
  }

  private missing(name: string): string {
    if (this.system === 'freebsd') return `ifconfig: interface ${name} does not exist`
    return this.system === 'openbsd'
      ? `${name}: no such interface`
      : `ifconfig: SIOCGIFFLAGS ${name}: Device not configured`
  }

  private createRenamed(name: string): CommandResult {
    if (this.interfaces.has(name)) return failed('ifconfig: ioctl SIOCSIFNAME (set name): File exists')
    this.add(name)
    return ok(`${name}\n`)
  }

  private create(name: string, rest: readonly string[]): CommandResult {
    if (this.interfaces.has(name))
      return failed(
        this.system === 'openbsd'
          ? 'ifconfig: SIOCIFCREATE: File exists'
          : 'ifconfig: clone_command: SIOCIFCREATE: File exists',
      )
    this.add(name)
    const made = this.interfaces.get(name)
    if (rest[1] === 'description' && made) made.description = rest[2] as string
    return ok()
  }

  private add(name: string): void {
    this.interfaces.set(name, { mtu: 1420, up: false, addresses: [] })
    this.onLink(name, true)
  }

  private configure(name: string, link: SimulatedInterface, words: readonly string[]): CommandResult {
    const [word, value = '', action] = words
    if (word === 'destroy') {
      this.interfaces.delete(name)
      this.routes = this.routes.filter((route) => route.dev !== name)
      this.onLink(name, false)
    } else if (word === 'up') link.up = true
    else if (word === 'mtu') {
      if (!/^[0-9]+$/.test(value)) return failed(`ifconfig: ${value}: bad value`)
      link.mtu = Number(value)
    } else if (word === 'description') link.description = value
    else if (word === 'inet' || word === 'inet6') return this.address(name, link, value, action)
    else return failed(`ifconfig: ${word}: bad value`)
    return ok()
  }

  private address(name: string, link: SimulatedInterface, text: string, action = ''): CommandResult {
    const cidr = parseCidr(text)
    if (!cidr) return failed(`ifconfig: ${text}: bad value`)
    if (action !== 'alias') {
      const at = link.addresses.findIndex((known) => known.address === cidr.address)
      if (at < 0) return failed("ifconfig: ioctl (SIOCDIFADDR): Can't assign requested address")
      const [gone] = link.addresses.splice(at, 1)
      // Also removes the network of the address, and routes that depend on the address.
      this.routes = this.routes.filter(
        (route) =>
          route.by !== cidr.address &&
          (route.dev !== name || !gone || formatCidr(route.dst) !== formatCidr(maskCidr(gone))),
      )
      return ok()
    }
    link.addresses.push(cidr)
    link.up = true
    const most = cidr.family === 4 ? 32 : 128
    if (cidr.prefixLength < most) this.routes.push({ dst: maskCidr(cidr), dev: name, table: '0' })
    return ok()
  }

  private show(name: string): string {
    const link = this.interfaces.get(name) as SimulatedInterface
    const flags = link.up ? 'UP,RUNNING,MULTICAST' : 'MULTICAST'
    const head = {
      freebsd: `${name}: flags=10080c1<${flags}> metric 0 mtu ${link.mtu}\n`,
      openbsd: `${name}: flags=80c3<${flags}> mtu ${link.mtu}\n\tindex 5 priority 0 llprio 3\n`,
      netbsd: `${name}: flags=0x8041<${flags}> mtu ${link.mtu}\n`,
    }[this.system]
    const description = link.description === undefined ? '' : `\tdescription: ${link.description}\n`
    const group = name.startsWith('wg') && this.system !== 'netbsd' ? '\tgroups: wg\n' : ''
    return head + description + group + link.addresses.map((cidr) => this.showAddress(cidr)).join('')
  }

  private showAddress(cidr: Cidr): string {
    if (this.system === 'netbsd') return `\tinet${cidr.family === 6 ? '6' : ''} ${formatCidr(cidr)} flags 0\n`
    if (cidr.family === 6) return `\tinet6 ${cidr.address} prefixlen ${cidr.prefixLength}\n`
    const mask = cidr.prefixLength === 0 ? 0 : (0xffffffff << (32 - cidr.prefixLength)) >>> 0
    return `\tinet ${cidr.address} netmask 0x${mask.toString(16).padStart(8, '0')}\n`
  }

  private route(args: readonly string[]): CommandResult {
    if (args[0] === 'nameserver') {
      if (args.length > 2) this.resolvers.set(args[1] as string, args.slice(2).join(' '))
      else this.resolvers.delete(args[1] as string)
      return ok()
    }
    const words = args.filter((word) => word !== '-q' && word !== '-n')
    const table = tableOf(words, '-T') !== '0' ? tableOf(words, '-T') : tableOf(words, '-fib')
    const plain = words.filter((word, i) => !isTableWord(word) && !isTableWord(words[i - 1] ?? ''))
    const [action, family = '', text = '', ...how] = plain
    if (action === 'get') return this.get(family, text)
    const dst = parseCidr(text)
    if (!dst || (family === '-inet6') !== (dst.family === 6)) return failed(`route: bad address: ${text}`)
    return action === 'add' ? this.addRoute(dst, how, table) : this.deleteRoute(dst, table)
  }

  private addRoute(dst: Cidr, how: readonly string[], table: string): CommandResult {
    if (this.find(dst, table)) return failed('route: message indicates error: File exists', 1)
    const dev = this.leadsTo(how)
    if (dev === undefined) return failed('route: bad gateway', 68)
    const at = how.indexOf('-gateway')
    const by = how[0] === '-iface' && this.system === 'openbsd' ? { by: how[1] as string } : {}
    this.routes.push({ dst, dev, table, ...by, ...(at < 0 ? {} : { gateway: how[at + 1] as string }) })
    return ok()
  }

  /** The interface given by the words after a destination, in the dialect of each system. */
  private leadsTo(how: readonly string[]): string | undefined {
    if (how.includes('-blackhole')) return 'lo0'
    if (how[0] === '-gateway') return 'em0'
    if (how[0] === '-interface' && this.system === 'freebsd') return how[1]
    if (how[0] === '-link' && how[2] === '-iface' && this.system === 'netbsd') return how[1]
    if (how[0] !== '-iface' || this.system !== 'openbsd') return undefined
    for (const [name, link] of this.interfaces)
      if (link.addresses.some((cidr) => cidr.address === how[1])) return name
    return undefined
  }

  private deleteRoute(dst: Cidr, table: string): CommandResult {
    const found = this.find(dst, table)
    if (!found) return failed('route: writing to routing socket: No such process')
    this.routes.splice(this.routes.indexOf(found), 1)
    return ok()
  }

  private find(dst: Cidr, table: string): SimulatedRoute | undefined {
    return this.routes.find((route) => formatCidr(route.dst) === formatCidr(dst) && route.table === table)
  }

  private get(family: string, text: string): CommandResult {
    const dst = parseCidr(text === 'default' ? (family === '-inet6' ? '::/0' : '0.0.0.0/0') : text)
    const [best] = this.routes
      .filter((route) => dst && route.table === '0' && covers(route.dst, dst))
      .sort((a, b) => b.dst.prefixLength - a.dst.prefixLength)
    if (!best) return failed('route: route has not been found')
    const gateway = best.gateway === undefined ? '' : `    gateway: ${best.gateway}\n`
    return ok(
      `   route to: ${text}\ndestination: ${best.dst.address}\n${maskLine(best.dst)}${gateway}  interface: ${best.dev}\n`,
    )
  }

  private netstat(family: Family, table: string): string {
    const titles = {
      freebsd: 'Destination        Gateway            Flags     Netif Expire',
      openbsd: 'Destination        Gateway            Flags   Refs      Use   Mtu  Prio Iface',
      netbsd: 'Destination        Gateway            Flags    Refs      Use    Mtu Interface',
    }[this.system]
    const rows = this.routes
      .filter((route) => route.dst.family === family && route.table === table)
      .map((route) => {
        const dst = route.dst.prefixLength === 0 ? 'default' : formatCidr(route.dst)
        const gateway = route.gateway ?? 'link#5'
        return {
          freebsd: `${dst}  ${gateway}  UGS  ${route.dev}`,
          openbsd: `${dst}  ${gateway}  UGS  0  0  -  8  ${route.dev}`,
          netbsd: `${dst}  ${gateway}  UGS  -  -  -  ${route.dev}`,
        }[this.system]
      })
    return ['Routing tables', '', family === 4 ? 'Internet:' : 'Internet6:', titles, ...rows, ''].join('\n')
  }

  private resolvconf(args: readonly string[], stdin: string): CommandResult {
    const [action, name = ''] = args
    if (action === '-a') this.resolvers.set(name, stdin)
    if (action === '-d') this.resolvers.delete(name)
    if (action === '-l') return ok(this.resolvers.get(name) ?? '')
    return ok()
  }
}

const tableOf = (words: readonly string[], option: string): string => {
  const at = words.indexOf(option)
  return at < 0 ? '0' : (words[at + 1] as string)
}

const isTableWord = (word: string): boolean => word === '-T' || word === '-fib'

/** The line of `route get` with a network's mask; none for a host. */
const maskLine = ({ family, prefixLength }: Cidr): string => {
  const bytes = Array.from(
    { length: family === 4 ? 4 : 16 },
    (_, i) => (0xff00 >> Math.max(0, Math.min(8, prefixLength - i * 8))) & 0xff,
  )
  return prefixLength === bytes.length * 8 ? '' : `       mask: ${formatIp(Uint8Array.from(bytes))}\n`
}
