// SPDX-License-Identifier: MIT
import type { IfName, Op } from '@wgq/model/operation'
import type { ProcessMark } from './process-mark.ts'

/**
 * What a run did to the host and how to take it back: `/run/wgq/NAME.json`. Written before each step, so that whoever
 * comes after a crash can undo exactly what was done, also without the configuration file. It never contains keys.
 */
export interface Journal {
  readonly version: 1
  readonly interface: IfName
  /** The configuration file, links resolved. */
  readonly config: string
  /** Inode of the network namespace: the same name may be in use in several. */
  readonly netns: number
  /** The boot of the machine that it was written in; absent where the system does not tell. */
  readonly boot?: string
  /** The namespace the interface was moved to (`--netns`). */
  readonly into?: string
  /** `stopping`: `down` ended and could not take back what is noted. */
  readonly state: 'starting' | 'up' | 'stopping'
  /** Who is at work while the state is `starting`. */
  readonly owner: ProcessMark
  /** Index of the interface that the run made; absent until it is known. It outlasts a new name of the interface. */
  readonly linkIndex?: number
  /** Protections that the machine did not take: `firewall`, `sysctl`. */
  readonly without?: readonly string[]
  /** Peers of which it was said that their preshared key is not from the file. */
  readonly told?: readonly string[]
  /** The mark that `up` chose for itself; the file may set another. */
  readonly mark?: number
  /** The daemon that was started and may still be starting. */
  readonly daemon?: string
  /** What was asked of `up` beside the file; it holds until `down`. */
  readonly options?: TunnelOptions
  /** The hooks of the file that `up` ran, for `down`. */
  readonly hooks?: { readonly preDown: readonly string[]; readonly postDown: readonly string[] }
  /** Inverses in the order in which their operations were carried out. */
  readonly undo: readonly Op[]
  /** What the file said when it was last applied, where the running state cannot tell: an endpoint may have roamed. */
  readonly configured?: Configured
}

/** Options of `up` that a later `reload` goes by as well. */
export interface TunnelOptions {
  readonly killSwitch?: boolean
  readonly strict?: boolean
}

/** The part of a configuration that a later `reload` compares with. */
export interface Configured {
  /** `ADDRESS:PORT` by public key. */
  readonly endpoints: Readonly<Record<string, string>>
  /** The address of each endpoint that is a name, for when it cannot be looked up. */
  readonly names?: Readonly<Record<string, string>>
  /** Where the manager of name servers cannot be asked, they count as set. */
  readonly dnsServers: readonly string[]
  readonly dnsSearch: readonly string[]
  /** What the [Interface] section set; absent what it left out. */
  readonly listenPort?: number
  readonly fwmark?: number
  readonly privateKey?: boolean
  /** Peers whose preshared key the file gave. */
  readonly presharedKeys?: readonly string[]
  /** SHA-256 of the hooks, hexadecimal. */
  readonly hooks?: string
}
