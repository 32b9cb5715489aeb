// SPDX-License-Identifier: MIT
import type { DnsTools } from '@wgq/dns/tools'
import type { FilterTools } from '@wgq/firewall/tools'
import type { Device, DeviceAccess, DeviceChange } from '@wgq/model/device'
import type { Host } from '@wgq/model/host'
import type { SocketGroup } from '@wgq/uapi/socket-group'

/** Helps to look up endpoint names while a tunnel is in the way. */
export interface NameHelp {
  /** Packets with this mark leave outside the tunnel; 0 if there is none. */
  readonly mark: number
  /** The last known address of each name. */
  readonly known: Readonly<Record<string, string>>
}

/** Everything outside the process that wg-quick touches; tests replace it with twins. */
export interface Dependencies extends FilterTools, DnsTools {
  /** The host of the interface's namespace: addresses, routes and rules are added here. */
  readonly host: Host
  readonly devices: DeviceAccess
  /** Opens the host of a network namespace by name; absent on systems without namespaces. */
  readonly openHost?: (netns: string) => Promise<Host>
  /** The sysctls of a network namespace by name; absent on systems without namespaces. */
  readonly sysctlsInside?: (netns: string) => Pick<Dependencies, 'readSysctl' | 'writeSysctl'>
  /**
   * Starts wgq's own data plane and waits until it can be configured; absent if it is started like any other program.
   * Adds `more` to its environment. Resolves to its exit status and what to print.
   */
  readonly startDataPlane?: (
    name: string,
    more: Readonly<Record<string, string>>,
  ) => Promise<{ readonly status: number; readonly text: string }>
  /** Who else may read from the socket of the data plane; absent if that is not checked. */
  readonly socketGroup?: {
    readonly read: (name: string) => Promise<SocketGroup | undefined>
    /** Resolves to false if the data plane cannot. */
    readonly set: (name: string, groupId: number | undefined) => Promise<boolean>
  }
  /** Parses a text as `wg addconf` would, looking up names. Raises WgqError with wg's own words. */
  readonly readWgConfig: (text: string, names?: NameHelp) => Promise<DeviceChange>
  /** What `wg showconf` prints of a device. */
  readonly formatConf: (device: Device) => string
  /** Raises the system's error if the value cannot be written. */
  readonly writeSysctl: (key: string, value: string) => void
  readonly env: NodeJS.ProcessEnv
  /** Prints to standard error. */
  readonly print: (text: string) => void
}
