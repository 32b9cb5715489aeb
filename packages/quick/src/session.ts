// SPDX-License-Identifier: MIT
import type { Settings } from '@wgq/config/settings'
import type { Exceptions } from '@wgq/firewall/exceptions/directives'
import type { GatewayWanted } from '@wgq/firewall/gateway/wanted'
import type { IfName, Op } from '@wgq/model/operation'
import type { Dependencies, NameHelp } from './dependencies.ts'
import type { System } from './systems/system.ts'

/** One run of `up`, `down` or `save` for one interface. */
export interface Session {
  readonly dependencies: Dependencies
  /** In what the system differs from others. */
  readonly system: System
  readonly name: IfName
  /** The configuration file, links resolved. */
  readonly configPath: string
  readonly settings: Settings
  /** How messages name the program. */
  readonly program: string
  /** The program itself as hooks see it in `$0`. */
  readonly script: string
  /** Where `wg`, `wg-quick`, `wgq` and `wgqd` are. */
  readonly binDirectory: string
  /** Byte for byte upstream's output, or wgq's own output and behaviour. */
  readonly style: 'wg-quick' | 'wgq'
  /**
   * Nothing may leave the machine outside of the tunnel (`# KillSwitch = on`, `--kill-switch`); the namespace, where the
   * interface lives in one.
   */
  readonly killSwitch?: boolean
  /** `up` was asked for the kill switch (`--kill-switch`): then it stays until `down`, whatever the file says. */
  readonly killSwitchOption?: boolean
  /** What passes beside a full tunnel and a kill switch (`# KillSwitchAllow`, `# ReplyOutside`, `# Before`). */
  readonly exceptions?: Exceptions
  /** Packets of the tunnel go on into other networks (`# Masquerade`, `# Forward`). */
  readonly gateway?: GatewayWanted
  /** For the names of endpoints; absent under upstream's name, and where nothing is known. */
  readonly names?: NameHelp
  /** Journals and locks; they are read and not written while `act` stands in for the real thing. */
  readonly runDirectory: string
  /** Refuse where wgq would do without something (IPv6, a firewall, name servers). Upstream always does. */
  readonly strict?: boolean
  /** Name of the network namespace of the interface. */
  readonly into?: string
  /** Carries out an operation that is not the host's, instead of the real thing: for a dry run. */
  readonly act?: (op: Op, session: Session) => Promise<void>
  /** Takes the text that `save` would write in wgq's own style, which is not written then: for a dry run. */
  readonly takeSaved?: (text: string, path: string) => void
  /** Hears of every operation that was carried out. */
  readonly notice?: (op: Op) => void
  /** Set by a signal handler; looked at between steps. */
  readonly interruption: { signal?: NodeJS.Signals }
}
