// SPDX-License-Identifier: MIT
import type { BsdHost } from '@wgq/backends/bsd/host'
import type { IfName, Op } from '@wgq/model/operation'
import type { Session } from '../session.ts'

/** A command that is about to run, as given to the system. */
export type Echo = (argv: readonly string[]) => void

/** In what wg-quick differs between the BSDs, beyond the commands of the host. */
export interface BsdSystem {
  /** What stands in the `wg addconf` line for the configuration. */
  readonly configurationFile: string
  /** The operation that puts name servers in place; undefined where the system has no way, after saying so. */
  planDns(around: BsdAround): Promise<Extract<Op, { do: 'dns.set' }> | undefined>
  /** Carries out `dns.set`. Raises {@link Failure}. */
  setDns(op: Extract<Op, { do: 'dns.set' }>, around: BsdAround): Promise<void>
  /** Carries out `dns.unset`. Raises {@link Failure}. */
  unsetDns(op: Extract<Op, { do: 'dns.unset' }>, around: BsdAround): Promise<void>
  /** OpenBSD's name servers go through the interface and are withdrawn before it. */
  readonly dnsGoesFirst: boolean
  /** The kernel keeps no FwMark and no PersistentKeepalive. */
  readonly forgets: boolean
  /** A userspace daemon may take over where the kernel has no driver; its message gets the kernel's words. */
  readonly hasFallback: boolean
}

/** One run of wg-quick on a BSD: the session and what is beyond the common edges. */
export interface BsdAround {
  readonly session: Session
  readonly host: BsdHost
  readonly system: BsdSystem
  /** Where /etc/resolv.conf stands. */
  readonly resolvConf: string
  /** Socket of a userspace daemon; undefined where none is. */
  readonly daemonSocket: (name: IfName) => string | undefined
  /** Starts the route monitor in the background; gives its process number. */
  readonly startMonitor: (request: MonitorRequest) => number | undefined
}

/** What the route monitor has to look after. */
export interface MonitorRequest {
  /** The configuration's name. */
  readonly name: IfName
  readonly statePath: string
}
