// SPDX-License-Identifier: MIT
import type { TunDevice } from '@wgq/native/tun'
import type { LinkState } from '../link-watch.ts'
import type { DaemonLog } from '../log.ts'
import type { DaemonSettings } from '../settings.ts'

/** An open TUN; `destroy` removes the interface of a system that leaves it behind when its descriptor is closed. */
export interface OpenTun extends TunDevice {
  destroy?(): void
}

/** What a watched TUN tells. */
export interface LinkEvents {
  readonly onState: (state: LinkState) => void
  readonly onDeleted: () => void
  /** The link went where it cannot be followed: its last known state stays. */
  readonly onLost: () => void
}

/** Follows the TUN's state until closed. */
export interface LinkWatcher {
  /** Begins, and reports the state of now. */
  start(): void
  /** Reads the news that wait. */
  refresh(): void
  /** Whether the TUN is where we are. */
  readonly isHere: boolean
  /** Its index where it is; undefined when that is unknown. */
  readonly index?: number | undefined
  close(): void
}

/** Follows addresses and routes until closed. */
export interface SourceWatcher {
  /** Whether the learned source of an endpoint record must be forgotten; `mark` is that of the sockets. */
  isStale(record: Uint8Array, mark: number): boolean
  /** The record with the source to send from, where the system would take one of the tunnel's own; 'none' where there is no
   *  other. Absent on systems where it is left to the system. */
  withFitSource?(record: Uint8Array, mark: number): Uint8Array | 'none' | undefined
  close(): void
}

/** What the daemon asks of the system it runs on. */
export interface DaemonSystem {
  /** Errors of the engine that say that the interface was deleted. */
  readonly goneErrnos: ReadonlySet<number>
  /** Opens the interface, or takes the one that was handed over. Raises an error with `code`. */
  openTun(settings: DaemonSettings): OpenTun
  /** Gives up every privilege that a running tunnel does without, before the packet threads are made. */
  dropPrivileges(settings: DaemonSettings, log: DaemonLog, which?: 'but that over the socket'): void
  /** Gives up what a running data plane never does, now that everything is open. */
  confine(settings: DaemonSettings, log: DaemonLog): void
  /** MTU and queue of a fresh interface. */
  prepareLink(name: string, log: DaemonLog): void
  watchLink(tun: TunDevice, events: LinkEvents): LinkWatcher
  /** `onChange` is called when addresses or routes changed, never twice at a time. `ownIndex` is the TUN's where our sockets
   *  are; undefined when it is elsewhere. */
  watchSources(
    onChange: (watch: SourceWatcher) => Promise<void>,
    ownIndex: () => number | undefined,
  ): SourceWatcher
  /** `onChange` gets the MTUs that routes through the TUN have of their own, ascending. Absent where none have. */
  watchRouteMtus?(link: LinkWatcher, onChange: (ascending: readonly number[]) => void): { close(): void }
}
