// SPDX-License-Identifier: MIT
import type { Cidr } from './cidr.ts'
import type { DeviceChange } from './device.ts'
import type { Family } from './ip.ts'

/** An interface name: 1 to 15 characters of `[a-zA-Z0-9_=+.-]`. */
export type IfName = string

/** A routing table: its number, or a name of rt_tables as the user wrote it. */
export type Table = number | string

/**
 * One change to the host, as plain data. The `[#]` line, the change itself, its inverse, its JSON and the diff between
 * actual and desired state are derived from it. Texts from the user (addresses, MTU, table) stay as written: the line
 * shows them unchanged, and `apply` refuses what the system's own tool would refuse.
 */
export type Op =
  | { readonly do: 'link.add'; readonly name: IfName }
  | { readonly do: 'link.delete'; readonly name: IfName }
  /** `ip link set dev NAME netns NETNS`: later operations on this interface run in the other namespace. */
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
  /**
   * `ip route add unreachable default table TABLE metric 4294967295`: rejects packets that match no other route of the
   * table.
   */
  | { readonly do: 'floor.add'; readonly family: Family; readonly table: number }
  | { readonly do: 'floor.delete'; readonly family: Family; readonly table: number }
  | { readonly do: 'rule.add'; readonly rule: Rule }
  | { readonly do: 'rule.delete'; readonly rule: Rule }
  /** `previous` is the old value, for the inverse. */
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
   * Blocks everything outside the tunnel but packets with `mark` (0: none) or `alsoMark` and DNS queries of root to
   * `resolvers`; replaces an older block without a gap.
   */
  | {
      readonly do: 'killswitch.on'
      readonly dev: IfName
      readonly mark: number
      readonly alsoMark?: number
      readonly resolvers: readonly string[]
      /** What else may pass: `lan`, `replies`, `dev NAME`, `uid NUMBER`, networks. */
      readonly allow?: readonly string[]
    }
  | { readonly do: 'killswitch.off'; readonly dev: IfName }
  /** Marks connections that bypass a full tunnel: those of `uid NUMBER`, and `replies` to connections from outside. */
  | {
      readonly do: 'aside.on'
      readonly dev: IfName
      readonly mark: number
      readonly allow: readonly string[]
    }
  | { readonly do: 'aside.off'; readonly dev: IfName }
  /** Forwards packets of the tunnel to other networks: masquerading, and accept rules in chains that drop. */
  | {
      readonly do: 'gateway.on'
      readonly dev: IfName
      /** `auto` or an uplink; absent without masquerading. */
      readonly masquerade?: string
      /** Whether connections to the peers may be opened from outside. */
      readonly inward: boolean
      /** Networks of the interface. */
      readonly networks: readonly string[]
    }
  | { readonly do: 'gateway.off'; readonly dev: IfName }
  /** A kernel setting that the last tunnel that needs it restores; `previous` is the value before the first one. */
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
  /** Its origin (FRA_PROTOCOL), if the system reports it. */
  readonly protocol?: number
  /** Observed, and selects by more than these fields (source, interface, another mark …): never a rule of wg-quick. */
  readonly selective?: boolean
  /** Observed: the selectors of a selective rule, and its action if that is not a table lookup. */
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
  /** It has further selectors (type of service, protocol, ports …). */
  readonly more?: boolean
  /** The action on the packet; a table lookup by default. */
  readonly action?: 'goto' | 'nop' | 'blackhole' | 'unreachable' | 'prohibit'
}
