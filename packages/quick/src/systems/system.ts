// SPDX-License-Identifier: MIT
import type { Setting } from '@wgq/config/settings'
import type { DnsState } from '@wgq/dns/state'
import type { Cidr } from '@wgq/model/cidr'
import type { Device, Peer } from '@wgq/model/device'
import type { IfName, Op } from '@wgq/model/operation'
import type { Journal } from '../run/journal.ts'
import type { Run } from '../run/run.ts'
import type { Session } from '../session.ts'

/** In what the systems differ; `up`, `down`, `reload` and `save` are the same for all. One value per system. */
export interface System {
  readonly name: 'linux' | 'freebsd' | 'openbsd' | 'netbsd'
  /** Number of the main routing table. */
  readonly mainTable: number
  /**
   * How a default route is taken: two rules around a mark and a table of its own, or two halves in the main table and a
   * route to each endpoint.
   */
  readonly takesDefaultBy: 'rules' | 'halves'
  /** Name servers are withdrawn before the interface goes, because they go through it. */
  readonly dnsGoesFirst: boolean
  /** The kernel keeps no FwMark and no PersistentKeepalive. */
  readonly forgets: boolean

  /** Raises `E_UNSUPPORTED` for what was asked and does not exist here. Better no tunnel than one that is not guarded. */
  refuseUnsupported(session: Session): void
  /** The system's own name of the session's interface; undefined where there is none. */
  realName(session: Session): Promise<string | undefined>

  /** The words of an operation that is not the host's; undefined for what is done without saying so, or says it itself. */
  spell(op: Op, session: Session): string | undefined
  /** Carries out an operation that is not the host's. Raises {@link Failure} after saying why. */
  act(op: Op, session: Session): Promise<void>
  /**
   * Carries out a row of operations of the host and prints their lines. Raises {@link Failure} with `applied`, after
   * saying why by `say`.
   */
  applyToHost(ops: readonly Op[], session: Session, say: (text: string) => void): Promise<void>
  /** An operation that failed may have done a part: its inverse stays noted. */
  leavesPart(op: Op): boolean
  /** The operations of hooks, in the order of the file. */
  planHooks(session: Session, real: string, hooks: readonly string[]): Op[]

  /** Makes the interface: the kernel's driver, else a userspace daemon. Resolves to true for a daemon. */
  addLink(run: Run): Promise<boolean>
  /** The MTU to set: the file's, else one for the ways to the endpoints; with room for IPv6 where that is wanted. */
  chooseMtu(session: Session, peers: readonly Peer[], ipv6: boolean): Promise<string>
  /** Puts the name servers of the configuration in place, or says why not. */
  setDns(run: Run, device: Device | undefined): Promise<void>
  /** Routes of the main table for allowed IPs that are not default routes, as far as none covers them already. */
  planMainRoutes(session: Session, real: string, allowedIps: readonly Cidr[]): Promise<Op[]>
  /** Sends everything of the families of `defaults` through the tunnel, except its own encrypted packets. */
  takeDefaults(run: Run, device: Device, defaults: readonly Cidr[]): Promise<void>

  /** What `down` takes back before the interface goes. */
  beforeLinkGoes(run: Run, journal: Journal | undefined): Promise<void>
  /** Deletes the interface and waits until it is gone. */
  deleteLink(run: Run, name: IfName): Promise<void>
  /** What `down` takes back after it (firewall; routes to endpoints); resolves to the status of what failed, or 0. */
  afterLinkWent(run: Run, journal: Journal | undefined): Promise<number>
  /** What a run that broke off takes back before the interface goes; resolves to the status of what failed, or 0. */
  undoBeforeLink(run: Run): Promise<number>
  /** What it takes back after the interface went. */
  undoAfterLink(run: Run): Promise<number>
  /** The number of a routing table by its name or number; undefined for none, or a name that nobody knows. */
  tableNumber(table: string | number | undefined): number | undefined
  /** Name servers to set for the interface, and those that are set; undefined for none. */
  wantedDns(session: Session): Promise<DnsState | undefined>
  readDns(session: Session, journal: Journal | undefined): Promise<DnsState | undefined>
  /** After a reload: routes to the endpoints where those keep encrypted packets out of the tunnel. */
  keepEndpoints(run: Run): Promise<void>
  /** What takes back name servers: as noted, else what a tunnel without a journal may have set. */
  planDnsRemoval(session: Session, journal: Journal | undefined): Op[]
}

/** Texts of hooks as the file has them. */
export const textsOf = (hooks: readonly Setting[]): string[] => hooks.map(({ value }) => value)

/** The system that this program runs on. Raises `E_UNSUPPORTED` on others. */
export const loadSystem = async (): Promise<System> => {
  switch (process.platform) {
    case 'freebsd':
      return (await import('./freebsd.ts')).freebsd()
    case 'openbsd':
      return (await import('./openbsd.ts')).openbsd()
    case 'netbsd':
      return (await import('./netbsd.ts')).netbsd()
    default:
      return (await import('./linux.ts')).linux
  }
}
