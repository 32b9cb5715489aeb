// SPDX-License-Identifier: MIT
import type { Settings } from '@wgq/config/settings'
import type { Exceptions } from '@wgq/firewall/exceptions/directives'
import type { GatewayWanted } from '@wgq/firewall/gateway/wanted'
import type { Key } from '@wgq/model/key'
import type { IfName, Op } from '@wgq/model/operation'
import type { Dependencies, NameHelp } from './dependencies.ts'
import type { System } from './systems/system.ts'

/** One run of `up`, `down` or `save` for one interface. */
export interface Session {
  readonly dependencies: Dependencies
  /** The system-specific parts. */
  readonly system: System
  readonly name: IfName
  /** The configuration file, links resolved. */
  readonly configPath: string
  readonly settings: Settings
  /** The name of the program in messages. */
  readonly program: string
  /** The program itself as hooks see it in `$0`. */
  readonly script: string
  /** The directory of `wg`, `wg-quick`, `wgq` and `wgqd`. */
  readonly binDirectory: string
  /** `wg-quick` for upstream's output byte for byte, `wgq` for wgq's own output and behaviour. */
  readonly style: 'wg-quick' | 'wgq'
  /**
   * Blocks all traffic outside the tunnel (`# KillSwitch = on`, `--kill-switch`): of the machine, or of the namespace
   * if the interface is in one.
   */
  readonly killSwitch?: boolean
  /** `up` got `--kill-switch`: the kill switch then stays until `down`, whatever the file contains. */
  readonly killSwitchOption?: boolean
  /** What may bypass a full tunnel and a kill switch (`# KillSwitchAllow`, `# ReplyOutside`, `# Before`). */
  readonly exceptions?: Exceptions
  /** Peers that a command took from the file: they leave the device also where hooks add peers. */
  readonly leavingPeers?: readonly Key[]
  /** The gateway: forwards packets of the tunnel into other networks (`# Masquerade`, `# Forward`). */
  readonly gateway?: GatewayWanted
  /** Helps to look up endpoint names; absent under upstream's name, and if nothing is known. */
  readonly names?: NameHelp
  /** Directory of journals and locks; they are read but not written if `act` is set. */
  readonly runDirectory: string
  /** Refuse to go on without an unsupported feature (IPv6, a firewall, name servers). Upstream always does. */
  readonly strict?: boolean
  /** Name of the network namespace of the interface. */
  readonly into?: string
  /** For a dry run: replaces carrying out an operation that is not the host's. */
  readonly act?: (op: Op, session: Session) => Promise<void>
  /** For a dry run: receives the text that `save` would write in wgq's own style, instead of the file. */
  readonly takeSaved?: (text: string, path: string) => void
  /** Called after every operation that was carried out. */
  readonly notice?: (op: Op) => void
  /** Set by a signal handler; checked between steps. */
  readonly interruption: { signal?: NodeJS.Signals }
}
