// SPDX-License-Identifier: MIT
import type { FilterTables } from '@wgq/backends/linux/filter-tables'
import type { Device, DeviceAccess, DeviceChange } from '@wgq/model/device'
import type { Host } from '@wgq/model/host'

/** A child process that ran to its end. `status` is 127 for a missing program and 128 + number for a signal, as in a shell. */
export interface Finished {
  readonly status: number
  /** Empty unless captured. */
  readonly stdout: string
}

/** How a child process is started; standard streams are inherited unless said otherwise. */
export interface ChildOptions {
  /** What the child reads on its standard input. */
  readonly input?: string
  /** What the child reads on descriptor 3. */
  readonly script?: string
  /** Collect standard output instead of passing it on. */
  readonly capture?: boolean
  /** Throw away standard error. */
  readonly quiet?: boolean
  /** In a session of its own: survives Ctrl-C at the terminal. */
  readonly detached?: boolean
  /** Instead of the program's own environment. */
  readonly env?: NodeJS.ProcessEnv
}

/**
 * Runs a program to its end. What goes wrong is in the status. A program that only answers (captured, quiet, without input) is
 * asked again where a signal ended it; raises `Interrupted` where one ends it again.
 */
export type RunChild = (program: string, args: readonly string[], options?: ChildOptions) => Promise<Finished>

/** What helps with names of endpoints while a tunnel is in the way. */
export interface NameHelp {
  /** Packets with this mark leave outside the tunnel; 0 where there is none. */
  readonly mark: number
  /** The address that each name had last. */
  readonly known: Readonly<Record<string, string>>
}

/** Everything outside the process that wg-quick touches; tests put twins in its place. */
export interface Dependencies {
  /** Where the interface lives: addresses, routes and rules go here. */
  readonly host: Host
  readonly devices: DeviceAccess
  /** The host inside of a network namespace, by its name; where the system has such. */
  readonly openHost?: (netns: string) => Promise<Host>
  readonly run: RunChild
  /**
   * Which tables packet filters have, as the kernel lists them; undefined where it does not say. Absent where their
   * programs are asked instead: under upstream's name, in another namespace, on other systems.
   */
  readonly filterTables?: () => Promise<FilterTables | undefined>
  /**
   * Starts the data plane that comes with wgq and waits until it can be configured; absent where it is started as any other
   * program. Its environment has `more` too. Resolves to its exit status and what to print.
   */
  readonly startDataPlane?: (
    name: string,
    more: Readonly<Record<string, string>>,
  ) => Promise<{ readonly status: number; readonly text: string }>
  /** Path of a program by PATH; undefined where there is none. */
  readonly find: (program: string) => string | undefined
  /** What `wg addconf` would do with a text: names are looked up. Raises WgqError with wg's own words. */
  readonly readWgConfig: (text: string, names?: NameHelp) => Promise<DeviceChange>
  /** What `wg showconf` prints of a device. */
  readonly formatConf: (device: Device) => string
  readonly readSysctl: (key: string) => string | undefined
  /** Raises the system's error when it may not be written. */
  readonly writeSysctl: (key: string, value: string) => void
  readonly env: NodeJS.ProcessEnv
  /** The folder in which the files of name servers are looked for, instead of the machine's root: for a machine in memory. */
  readonly filesUnder?: string
  /** Standard error. */
  readonly print: (text: string) => void
}
