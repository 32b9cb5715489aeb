// SPDX-License-Identifier: MIT
import type { Cidr } from './cidr.ts'
import type { DeviceChange } from './device.ts'
import type { Family } from './ip.ts'

/** An interface name: 1 to 15 characters of `[a-zA-Z0-9_=+.-]`. */
export type IfName = string

/** A routing table: its number, or a name of rt_tables as the user wrote it. */
export type Table = number | string

/**
 * One change to the host, as plain data. From it follow the `[#]` line, the act, its inverse, its JSON and the difference
 * between what is and what should be. Texts that the user wrote (addresses, MTU, table) stay as written: the line shows
 * them so, and `apply` refuses what the system's own tool would refuse.
 */
export type Op =
  | { readonly do: 'link.add'; readonly name: IfName }
  | { readonly do: 'link.delete'; readonly name: IfName }
  /** `ip link set dev NAME netns NETNS`: what follows about this interface happens in the other namespace. */
  | { readonly do: 'link.move'; readonly name: IfName; readonly netns: string }
  /** Starts a userspace daemon: `program` as named by the user, or the built-in data plane. */
  | {
      readonly do: 'daemon.start'
      readonly name: IfName
      readonly program: string
      readonly embedded: boolean
    }
  | { readonly do: 'daemon.stop'; readonly name: IfName }
  /** `wg addconf NAME FILE`: `configuration` is the stripped text. It holds keys and is never printed or journalled. */
  | { readonly do: 'device.configure'; readonly name: IfName; readonly configuration: string }
  | { readonly do: 'device.fwmark'; readonly name: IfName; readonly fwmark: number }
  /** `wg set NAME …` for everything in the change. It holds keys and is never journalled. */
  | { readonly do: 'device.change'; readonly name: IfName; readonly change: DeviceChange }
  | { readonly do: 'address.add'; readonly dev: IfName; readonly family: Family; readonly address: string }
  | { readonly do: 'address.delete'; readonly dev: IfName; readonly family: Family; readonly address: string }
  | { readonly do: 'link.up'; readonly dev: IfName; readonly mtu: string }
  | { readonly do: 'link.down'; readonly dev: IfName }
  | { readonly do: 'route.add'; readonly dev: IfName; readonly dst: Cidr; readonly table?: Table }
  /** `metric` and `protocol` (RTPROT_) tell routes to the same destination apart. */
  | {
      readonly do: 'route.delete'
      readonly dev: IfName
      readonly dst: Cidr
      readonly table?: Table
      readonly metric?: number
      readonly protocol?: number
    }
  /** `ip route add unreachable default table TABLE metric 4294967295`: refuses what no other route of the table takes. */
  | { readonly do: 'floor.add'; readonly family: Family; readonly table: number }
  | { readonly do: 'floor.delete'; readonly family: Family; readonly table: number }
  | { readonly do: 'rule.add'; readonly rule: Rule }
  | { readonly do: 'rule.delete'; readonly rule: Rule }
  /** `previous` is what stood there, for the inverse. */
  | { readonly do: 'sysctl.set'; readonly key: string; readonly value: string; readonly previous?: string }
  | {
      readonly do: 'dns.set'
      readonly dev: IfName
      readonly manager: string
      readonly servers: readonly string[]
      readonly search: readonly string[]
    }
  | { readonly do: 'dns.unset'; readonly dev: IfName; readonly manager: string }
  /** `text` is the batch that the tool reads on its standard input. */
  | { readonly do: 'firewall.load'; readonly tool: FirewallTool; readonly text: string }
  | { readonly do: 'firewall.unload'; readonly tool: FirewallTool; readonly text: string }
  /**
   * Blocks everything outside of the tunnel but packets with `mark` (0: none) or `alsoMark` and questions of root to
   * `resolvers`; takes the place of an older one without a gap.
   */
  | {
      readonly do: 'killswitch.on'
      readonly dev: IfName
      readonly mark: number
      readonly alsoMark?: number
      readonly resolvers: readonly string[]
      /** What else passes: `lan`, `replies`, `dev NAME`, `uid NUMBER`, networks. */
      readonly allow?: readonly string[]
    }
  | { readonly do: 'killswitch.off'; readonly dev: IfName }
  /** Marks connections that stay outside of a full tunnel: of `uid NUMBER`, and `replies` to what came in from outside. */
  | {
      readonly do: 'aside.on'
      readonly dev: IfName
      readonly mark: number
      readonly allow: readonly string[]
    }
  | { readonly do: 'aside.off'; readonly dev: IfName }
  /** Lets packets of the tunnel on into other networks: masquerading, accepts in chains that drop. */
  | {
      readonly do: 'gateway.on'
      readonly dev: IfName
      /** `auto` or an uplink; absent without masquerading. */
      readonly masquerade?: string
      /** Connections may be opened towards the peers. */
      readonly inward: boolean
      /** Networks of the interface. */
      readonly networks: readonly string[]
    }
  | { readonly do: 'gateway.off'; readonly dev: IfName }
  /** A setting of the kernel that the last tunnel which needs it gives back; `previous` stood there before the first one. */
  | { readonly do: 'forwarding.set'; readonly key: string; readonly value: string; readonly previous: string }
  | { readonly do: 'forwarding.unset'; readonly key: string; readonly value: string }
  | { readonly do: 'hook.run'; readonly command: string }

/** The program whose language a firewall batch is written in. */
type FirewallTool = 'nft' | 'iptables-restore' | 'ip6tables-restore'

/** A policy routing rule of wg-quick, or one that was observed. `preference` is absent when the kernel chooses it. */
export interface Rule {
  readonly family: Family
  readonly table: Table
  readonly notFwmark?: number
  /** For packets with this mark: only while the mark of a tunnel changes. */
  readonly fwmark?: number
  readonly suppressPrefixLength?: number
  readonly preference?: number
  /** Who made it (FRA_PROTOCOL), where the system can tell. */
  readonly protocol?: number
  /** Observed, and selects by more than these fields (source, interface, another mark …): never a rule of wg-quick. */
  readonly selective?: boolean
  /** Observed: what a selective rule selects by, and what it does instead of looking up its table. */
  readonly selectors?: RuleSelectors
}

/** What a foreign policy rule selects packets by, in the words of `ip rule`. */
export interface RuleSelectors {
  readonly not?: boolean
  readonly from?: Cidr
  readonly to?: Cidr
  readonly iif?: string
  readonly oif?: string
  readonly fwmark?: number
  readonly fwmask?: number
  /** First and last user. */
  readonly uidRange?: readonly [number, number]
  /** It selects by something else too (type of service, protocol, ports …). */
  readonly more?: boolean
  /** What it does with the packet; a table is looked up unless given. */
  readonly action?: 'goto' | 'nop' | 'blackhole' | 'unreachable' | 'prohibit'
}
