// SPDX-License-Identifier: MIT
import type { TunDevice } from '@wgq/native/tun'
import type { LinkState } from '../link-watch.ts'
import type { DaemonLog } from '../log.ts'
import type { DaemonSettings } from '../settings.ts'

/** An open TUN; `destroy` removes the interface on systems that leave it behind when its descriptor is closed. */
export interface OpenTun extends TunDevice {
  destroy?(): void
}

/** Events of a watched TUN. */
export interface LinkEvents {
  readonly onState: (state: LinkState) => void
  readonly onDeleted: () => void
  /** Called when the link moved where it cannot be followed: its last known state stays. */
  readonly onLost: () => void
}

/** Follows the state of the TUN until closed. */
export interface LinkWatcher {
  /** Starts watching and reports the current state. */
  start(): void
  /** Reads the waiting notifications. */
  refresh(): void
  /** Whether the TUN is in our network namespace. */
  readonly isHere: boolean
  /** Its index in its namespace; undefined if unknown. */
  readonly index?: number | undefined
  close(): void
}

/** Follows addresses and routes until closed. */
export interface SourceWatcher {
  /** Whether the learned source of an endpoint record must be forgotten; `mark` is that of the sockets. */
  isStale(record: Uint8Array, mark: number): boolean
  /** The record with the source to send from, if the system would use one of the tunnel's own; 'none' if there is no
   *  other. The answer may be an earlier one unless `again` is true. Absent where the choice is left to the system. */
  withFitSource?(record: Uint8Array, mark: number, again?: boolean): Uint8Array | 'none' | undefined
  close(): void
}

/** System-specific operations of the daemon. */
export interface DaemonSystem {
  /** Engine errors that mean the interface was deleted. */
  readonly goneErrnos: ReadonlySet<number>
  /** Opens the interface, or takes the one handed over. Raises an error with `code`. */
  openTun(settings: DaemonSettings): OpenTun
  /** Drops every privilege that a running tunnel does not need, before the packet threads are created. */
  dropPrivileges(settings: DaemonSettings, log: DaemonLog, which?: 'but that over the socket'): void
  /** Gives up operations that a running data plane never performs, once everything is open. */
  confine(settings: DaemonSettings, log: DaemonLog): void
  /** Sets the MTU and queue of a new interface. */
  prepareLink(name: string, log: DaemonLog): void
  watchLink(tun: TunDevice, events: LinkEvents): LinkWatcher
  /** Calls `onChange` when addresses or routes changed, never concurrently. `ownIndex` returns the TUN's index in the
   *  namespace of our sockets; undefined if it is elsewhere. */
  watchSources(
    onChange: (watch: SourceWatcher) => Promise<void>,
    ownIndex: () => number | undefined,
  ): SourceWatcher
  /** `onChange` gets the MTUs set on routes through the TUN, ascending. Absent on systems without them. */
  watchRouteMtus?(link: LinkWatcher, onChange: (ascending: readonly number[]) => void): { close(): void }
}
