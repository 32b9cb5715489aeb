// SPDX-License-Identifier: MIT
import { isWgqError } from '@wgq/model/error'
import type { Host, Link, LinkAddress, Route, RouteAnswer, RouteLookup } from '@wgq/model/host'
import { type Family, parseIp } from '@wgq/model/ip'
import type { IfName, Op, Rule, Table } from '@wgq/model/operation'
import { listAddresses } from '@wgq/netlink/address'
import { type BatchRequest, Exchange } from '@wgq/netlink/exchange'
import { getLink, listLinks } from '@wgq/netlink/link'
import { openSocket } from '@wgq/netlink/open-socket'
import { netlinkRoute } from '@wgq/netlink/protocol'
import type { RawSocket } from '@wgq/netlink/raw-socket'
import { askRoute, listRoutes, lookUpRoute, mainTable, type ObservedRoute } from '@wgq/netlink/route'
import { listRules } from '@wgq/netlink/rule'
import { ApplyError, hostError, noDevice } from './host-error.ts'
import { readTable, tableComplaint } from './ip-argument.ts'
import { namespacePath } from './namespace.ts'
import { bootProtocol, deviceOf, inverseOf, type NetlinkOp, requestOf } from './operations.ts'
import { readTableNames } from './table-names.ts'

/** How to open the host. */
interface HostOptions {
  /** A network namespace: its name (`ip netns`) or a path; by default that of the process. Needs the native addon. */
  readonly netns?: string
  /**
   * RTPROT_ number of added routes and rules; by default 3 (boot), as `ip` writes. `ip` shows any other as `proto N`.
   */
  readonly protocol?: number
  /** A socket to use instead: tests replay recorded answers. */
  readonly socket?: RawSocket
}

/**
 * The network of this machine over rtnetlink. Errors have the text and the exit status of `ip`; where `ip` ends a
 * message with an empty line (`argument "…" is wrong`), `message` ends with a newline.
 */
export const openHost = (options: HostOptions = {}): Host => new LinuxHost(options)

class LinuxHost implements Host {
  private readonly options: HostOptions
  private open: Exchange | undefined
  private names: Map<string, number> | undefined

  constructor(options: HostOptions) {
    this.options = options
  }

  links(): Promise<Link[]> {
    return this.guarded((exchange) => listLinks(exchange))
  }

  link(name: IfName): Promise<Link | undefined> {
    return this.guarded((exchange) => getLink(exchange, name))
  }

  addresses(dev: IfName, family?: Family): Promise<LinkAddress[]> {
    return this.guarded(async (exchange) => {
      const index = await indexOf(exchange, dev)
      const addresses = await listAddresses(exchange, index, family)
      return addresses.map(({ cidr, scope }) => ({ dev, cidr, scope }))
    })
  }

  routes(query: { family: Family; table?: Table; dev?: IfName }): Promise<Route[]> {
    return this.guarded(async (exchange) => {
      const table = this.tableOf(query.table ?? mainTable)
      const index = query.dev === undefined ? undefined : await indexOf(exchange, query.dev)
      const routes = await listRoutes(exchange, {
        family: query.family,
        table,
        ...(index === undefined ? {} : { index }),
      })
      const devices = new Map<number, string>()
      if (index !== undefined && query.dev !== undefined) devices.set(index, query.dev)
      else if (routes.length > 0)
        for (const link of await listLinks(exchange)) devices.set(link.index, link.name)
      return routes.map((route) =>
        named(route, route.index === undefined ? undefined : devices.get(route.index)),
      )
    })
  }

  rules(family: Family): Promise<Rule[]> {
    return this.guarded((exchange) => listRules(exchange, family))
  }

  routeTo(address: string, mark?: number): Promise<RouteLookup | undefined> {
    return this.guarded(async (exchange) => {
      const bytes = parseIp(address)
      const route = bytes && (await lookUpRoute(exchange, bytes, mark))
      return route && lookupOf(exchange, route)
    })
  }

  async askRoute(address: string, mark?: number): Promise<RouteAnswer> {
    try {
      return await this.guarded(async (exchange) => {
        const bytes = parseIp(address)
        const route = bytes && (await askRoute(exchange, bytes, mark))
        if (!route) return { refusal: `${address} is not an address` }
        const { type } = route
        return { route: { ...(await lookupOf(exchange, route)), ...(type === undefined ? {} : { type }) } }
      })
    } catch (error) {
      if (isWgqError(error) && error.code === 'E_HOST') return { refusal: error.message }
      throw error
    }
  }

  async apply(ops: readonly Op[]): Promise<void> {
    const devices = new Map<IfName, number>()
    for (let first = 0; first < ops.length; ) {
      const run = runOf(ops, first)
      await this.applyRun(run, first, devices)
      first += run.length
      // From now on this name refers to another interface.
      const head = run[0]
      if (head?.do === 'link.add' || head?.do === 'link.delete' || head?.do === 'link.move')
        devices.delete(head.name)
    }
  }

  close(): void {
    this.open?.close()
    this.open = undefined
  }

  /** Carries out operations of one kind in as few datagrams as possible; `before` is the number already applied. */
  private async applyRun(run: NetlinkOp[], before: number, devices: Map<IfName, number>): Promise<void> {
    const requests: BatchRequest[] = []
    let fault: unknown
    for (const op of run) {
      try {
        requests.push(await this.request(op, devices))
      } catch (error) {
        // First carry out the operations before the faulty one, like a sequence of `ip` commands.
        fault = error
        break
      }
    }
    const failure = await this.guarded((exchange) => exchange.batch(requests))
    if (failure) {
      await this.takeBack(
        failure.appliedBehind.map((index) => run[index] as NetlinkOp),
        devices,
      )
      throw applyError(hostError(failure.refusal), before + failure.failed)
    }
    if (fault) throw applyError(fault, before + requests.length)
  }

  /**
   * Undoes operations that the kernel carried out after the failed one, newest first. Failures here are not reported.
   */
  private async takeBack(ops: readonly NetlinkOp[], devices: Map<IfName, number>): Promise<void> {
    for (const op of [...ops].reverse()) {
      const inverse = inverseOf(op)
      if (!inverse) continue
      const request = await this.request(inverse, devices)
      await this.guarded((exchange) => exchange.batch([request]))
    }
  }

  /** The message for an operation; its device is looked up after its arguments are checked, as in `ip`. */
  private async request(op: NetlinkOp, devices: Map<IfName, number>): Promise<BatchRequest> {
    const context = {
      indexOf: (name: IfName) => devices.get(name) ?? 0,
      tableNames: () => this.tableNames(),
      protocol: this.options.protocol ?? bootProtocol,
    }
    const request = requestOf(op, context)
    const dev = deviceOf(op)
    if (dev === undefined || devices.has(dev)) return request
    devices.set(dev, await this.guarded((exchange) => indexOf(exchange, dev)))
    return requestOf(op, context)
  }

  private tableOf(table: Table): number {
    return readTable(table, () => this.tableNames(), tableComplaint.route)
  }

  private tableNames(): Map<string, number> {
    this.names ??= readTableNames()
    return this.names
  }

  private async guarded<T>(act: (exchange: Exchange) => Promise<T>): Promise<T> {
    try {
      this.open ??= new Exchange(this.options.socket ?? openRouteSocket(this.options.netns))
      return await act(this.open)
    } catch (error) {
      throw hostError(error)
    }
  }
}

const openRouteSocket = (netns: string | undefined): RawSocket =>
  openSocket({
    protocol: netlinkRoute,
    ...(netns === undefined ? {} : { netnsPath: namespacePath(netns) }),
  })

const lookupOf = async (exchange: Exchange, route: ObservedRoute): Promise<RouteLookup> => {
  const link = route.index === undefined ? undefined : await getLink(exchange, route.index)
  const { mtu, mtuLocked, source, gateway, table } = route
  return {
    table,
    ...(link ? { dev: link.name } : {}),
    ...(mtu === undefined ? {} : { mtu }),
    ...(mtuLocked ? { mtuLocked } : {}),
    ...(source === undefined ? {} : { source }),
    ...(gateway === undefined ? {} : { gateway }),
  }
}

const indexOf = async (exchange: Exchange, name: IfName): Promise<number> => {
  const link = await getLink(exchange, name)
  if (!link) throw noDevice(name)
  return link.index
}

/** Field by field: a large tunnel has tens of thousands of routes. */
const named = (route: ObservedRoute, dev: string | undefined): Route => {
  const out: { -readonly [K in keyof Route]: Route[K] } = {
    family: route.family,
    dst: route.dst,
    table: route.table,
  }
  if (dev !== undefined) out.dev = dev
  if (route.gateway !== undefined) out.gateway = route.gateway
  if (route.mtu !== undefined) out.mtu = route.mtu
  if (route.mtuLocked) out.mtuLocked = true
  if (route.metric !== undefined) out.metric = route.metric
  if (route.protocol !== undefined) out.protocol = route.protocol
  if (route.type !== undefined) out.type = route.type
  return out
}

const applyError = (error: unknown, applied: number): unknown =>
  isWgqError(error) ? new ApplyError(error, applied) : error

/** The operations from `first` on that go into the same batch: adjacent ones of one kind that can be undone. */
const runOf = (ops: readonly Op[], first: number): NetlinkOp[] => {
  const head = netlinkOp(ops[first] as Op)
  if (!inverseOf(head)) return [head]
  let end = first + 1
  while (end < ops.length && ops[end]?.do === head.do) end++
  return ops.slice(first, end) as NetlinkOp[]
}

const netlinkOp = (op: Op): NetlinkOp => {
  if (/^(link|address|route|floor|rule)\./.test(op.do)) return op as NetlinkOp
  throw new Error(`Host.apply got ${op.do}, which is not the host's to do`)
}
