// SPDX-License-Identifier: MIT
import type { Setting } from '@wgq/config/settings'
import type { DnsState } from '@wgq/dns/state'
import type { Cidr } from '@wgq/model/cidr'
import type { Device } from '@wgq/model/device'
import type { Endpoint } from '@wgq/model/endpoint'
import type { IfName, Op } from '@wgq/model/operation'
import type { Journal } from '../run/journal.ts'
import type { Run } from '../run/run.ts'
import type { Session } from '../session.ts'

/** A peer of which only the endpoint counts. */
export interface Reached {
  readonly endpoint?: Endpoint
}

/** The differences between systems; `up`, `down`, `reload` and `save` are common to all. One value per system. */
export interface System {
  readonly name: 'linux' | 'freebsd' | 'openbsd' | 'netbsd'
  /** Number of the main routing table. */
  readonly mainTable: number
  /**
   * How a tunnel takes the default route: two rules around a mark and its own table, or two halves in the main table
   * and a route to each endpoint.
   */
  readonly takesDefaultBy: 'rules' | 'halves'
  /** Unset name servers before deleting the interface, because they are set through it. */
  readonly dnsGoesFirst: boolean
  /** The kernel stores no FwMark and no PersistentKeepalive. */
  readonly forgets: boolean

  /** Raises `E_UNSUPPORTED` for a requested feature that is missing here. Better no tunnel than an unguarded one. */
  refuseUnsupported(session: Session): void
  /** The system's own name of the session's interface; undefined if there is none. */
  realName(session: Session): Promise<string | undefined>

  /** The words of an operation that is not the host's; undefined if it is silent, or prints them itself. */
  spell(op: Op, session: Session): string | undefined
  /** Carries out an operation that is not the host's. Raises {@link Failure} after printing why. */
  act(op: Op, session: Session): Promise<void>
  /**
   * Carries out a batch of host operations and prints their lines. Raises {@link Failure} with `applied`, after
   * reporting why with `say`.
   */
  applyToHost(ops: readonly Op[], session: Session, say: (text: string) => void): Promise<void>
  /**
   * Says whether a failed operation may have taken effect in part: its inverse then stays noted. `hasBegun` if a program
   * of it succeeded before the one that failed.
   */
  leavesPart(op: Op, hasBegun: boolean): boolean
  /** The operations of hooks, in file order. */
  planHooks(session: Session, real: string, hooks: readonly string[]): Op[]

  /** Makes the interface: the kernel's driver, else a userspace daemon. Resolves to true for a daemon. */
  addLink(run: Run): Promise<boolean>
  /** The MTU to set: the file's, else one for the routes to the endpoints; at least IPv6's minimum if `ipv6`. */
  chooseMtu(session: Session, peers: readonly Reached[], ipv6: boolean): Promise<string>
  /** Sets the name servers of the configuration, or prints why not. */
  setDns(run: Run, device: Device | undefined): Promise<void>
  /** Routes of the main table for allowed IPs that are not default routes, unless another route covers them. */
  planMainRoutes(session: Session, real: string, allowedIps: readonly Cidr[]): Promise<Op[]>
  /** Sends all packets of the families of `defaults` through the tunnel, except its own encrypted ones. */
  takeDefaults(run: Run, device: Device, defaults: readonly Cidr[]): Promise<void>

  /** Undoes what `down` undoes before the interface is deleted. */
  beforeLinkGoes(run: Run, journal: Journal | undefined): Promise<void>
  /** Deletes the interface and waits until it is gone. */
  deleteLink(run: Run, name: IfName): Promise<void>
  /** Undoes the rest of `down` (firewall; routes to endpoints); resolves to the status of what failed, or 0. */
  afterLinkWent(run: Run, journal: Journal | undefined): Promise<number>
  /** Undoes an interrupted run up to deleting the interface; resolves to the status of what failed, or 0. */
  undoBeforeLink(run: Run): Promise<number>
  /** Undoes the rest of it after the interface is deleted. */
  undoAfterLink(run: Run): Promise<number>
  /** The number of a routing table given by name or number; undefined for none, or an unknown name. */
  tableNumber(table: string | number | undefined): number | undefined
  /** The wanted name servers of the interface, and the current ones; undefined for none. */
  wantedDns(session: Session): Promise<DnsState | undefined>
  readDns(session: Session, journal: Journal | undefined): Promise<DnsState | undefined>
  /** After a reload: renews routes to the endpoints, if those keep encrypted packets out of the tunnel. */
  keepEndpoints(run: Run): Promise<void>
  /** Operations that unset name servers: as noted, else what a tunnel without a journal may have set. */
  planDnsRemoval(session: Session, journal: Journal | undefined): Op[]
}

/** Texts of hooks, unchanged from the file. */
export const textsOf = (hooks: readonly Setting[]): string[] => hooks.map(({ value }) => value)

/** The current system. Raises `E_UNSUPPORTED` on unknown ones. */
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
