// SPDX-License-Identifier: MIT
import type { DnsTools } from '@wgq/dns/tools'
import type { FilterTools } from '@wgq/firewall/tools'
import type { Device, DeviceAccess, DeviceChange } from '@wgq/model/device'
import type { Host } from '@wgq/model/host'
import type { SocketGroup } from '@wgq/uapi/socket-group'

/** What helps with names of endpoints while a tunnel is in the way. */
export interface NameHelp {
  /** Packets with this mark leave outside the tunnel; 0 where there is none. */
  readonly mark: number
  /** The address that each name had last. */
  readonly known: Readonly<Record<string, string>>
}

/** Everything outside the process that wg-quick touches; tests put twins in its place. */
export interface Dependencies extends FilterTools, DnsTools {
  /** Where the interface lives: addresses, routes and rules go here. */
  readonly host: Host
  readonly devices: DeviceAccess
  /** The host inside of a network namespace, by its name; where the system has such. */
  readonly openHost?: (netns: string) => Promise<Host>
  /**
   * Starts the data plane that comes with wgq and waits until it can be configured; absent where it is started as any other
   * program. Its environment has `more` too. Resolves to its exit status and what to print.
   */
  readonly startDataPlane?: (
    name: string,
    more: Readonly<Record<string, string>>,
  ) => Promise<{ readonly status: number; readonly text: string }>
  /** Who else may read from the socket of the data plane; absent where that is not looked at. */
  readonly socketGroup?: {
    readonly read: (name: string) => Promise<SocketGroup | undefined>
    /** Resolves to false where the data plane cannot. */
    readonly set: (name: string, groupId: number | undefined) => Promise<boolean>
  }
  /** What `wg addconf` would do with a text: names are looked up. Raises WgqError with wg's own words. */
  readonly readWgConfig: (text: string, names?: NameHelp) => Promise<DeviceChange>
  /** What `wg showconf` prints of a device. */
  readonly formatConf: (device: Device) => string
  /** Raises the system's error when it may not be written. */
  readonly writeSysctl: (key: string, value: string) => void
  readonly env: NodeJS.ProcessEnv
  /** Standard error. */
  readonly print: (text: string) => void
}
