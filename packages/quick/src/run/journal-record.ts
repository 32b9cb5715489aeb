// SPDX-License-Identifier: MIT
import type { GatewayWanted } from '@wgq/firewall/gateway/wanted'
import type { IfName, Op } from '@wgq/model/operation'
import type { ProcessMark } from './process-mark.ts'

/**
 * What a run did to the host and how to undo it: `/run/wgq/NAME.json`. Written before each step, so that after a crash
 * the next run can undo exactly what was done, even without the configuration file. It never contains keys.
 */
export interface Journal {
  readonly version: 1
  readonly interface: IfName
  /** The configuration file, links resolved. */
  readonly config: string
  /** Inode of the network namespace: several may use the same name. */
  readonly netns: number
  /** The boot in which it was written; absent if the system has no identifier. */
  readonly boot?: string
  /** The namespace the interface was moved to (`--netns`). */
  readonly into?: string
  /** `stopping`: `down` ended and could not undo what is noted. */
  readonly state: 'starting' | 'up' | 'stopping'
  /** The process that runs while the state is `starting`. */
  readonly owner: ProcessMark
  /** Index of the interface that the run made; absent until it is known. Renaming the interface does not change it. */
  readonly linkIndex?: number
  /** Protections that the machine did not accept: `firewall`, `sysctl`. */
  readonly without?: readonly string[]
  /** Peers for which a preshared key from another source was reported. */
  readonly told?: readonly string[]
  /** The mark that `up` chose; the file may set another. */
  readonly mark?: number
  /** The daemon that was started and may still be starting. */
  readonly daemon?: string
  /** Options given to `up` beside the file; they hold until `down`. */
  readonly options?: TunnelOptions
  /** The hooks of the file that `up` ran, for `down`. */
  readonly hooks?: { readonly preDown: readonly string[]; readonly postDown: readonly string[] }
  /** The gateway as last set up; it exists while its inverse is noted. */
  readonly gateway?: NotedGateway
  /** Inverses in the order in which their operations were carried out. */
  readonly undo: readonly Op[]
  /** The file as last applied, where the running state cannot show it: an endpoint may have roamed. */
  readonly configured?: Configured
}

/** A gateway and the networks of its interface. */
export interface NotedGateway extends GatewayWanted {
  readonly networks: readonly string[]
}

/** Options of `up` that a later `reload` uses too. */
export interface TunnelOptions {
  readonly killSwitch?: boolean
  readonly strict?: boolean
}

/** The part of a configuration that a later `reload` compares with. */
export interface Configured {
  /** `ADDRESS:PORT` by public key. */
  readonly endpoints: Readonly<Record<string, string>>
  /** The address of each endpoint name, for when it cannot be resolved. */
  readonly names?: Readonly<Record<string, string>>
  /** They count as set if the manager of name servers cannot be queried. */
  readonly dnsServers: readonly string[]
  readonly dnsSearch: readonly string[]
  /** The values of the [Interface] section; absent if it has none. */
  readonly listenPort?: number
  readonly fwmark?: number
  readonly privateKey?: boolean
  /** Peers whose preshared key the file gave. */
  readonly presharedKeys?: readonly string[]
  /** SHA-256 of the hooks, hexadecimal. */
  readonly hooks?: string
}
