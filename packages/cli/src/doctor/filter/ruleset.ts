// SPDX-License-Identifier: MIT

/** A packet as a packet filter sees it, the first of its connection; unknown properties are absent. */
export interface FilteredPacket {
  readonly hook: 'input' | 'forward'
  readonly family: 4 | 6
  readonly iif?: string
  readonly oif?: string
  /** Absent: any protocol. */
  readonly protocol?: 'udp' | 'tcp'
  readonly destinationPort?: number
}

/** A condition of a rule; `unknown` if this program does not understand it. */
export type Match =
  | { readonly by: 'iif' | 'oif'; readonly not: boolean; readonly names: readonly string[] }
  | { readonly by: 'protocol'; readonly not: boolean; readonly names: readonly string[] }
  | {
      readonly by: 'udp-port'
      readonly not: boolean
      readonly ranges: readonly (readonly [number, number])[]
    }
  | { readonly by: 'state'; readonly not: boolean; readonly names: readonly string[] }
  | { readonly by: 'family'; readonly not: boolean; readonly family: 4 | 6 }
  /** The type of the destination address, in the terms of iptables' addrtype. */
  | { readonly by: 'destination-type'; readonly not: boolean; readonly names: readonly string[] }
  /** A field of the TCP header. */
  | { readonly by: 'tcp-field' }
  | { readonly by: 'never' }
  | { readonly by: 'unknown' }

/** What a rule does with a packet; `none` continues with the next rule. */
export type Verdict =
  | { readonly does: 'accept' | 'drop' | 'return' | 'none' | 'unknown' }
  | { readonly does: 'jump' | 'goto'; readonly chain: string }

/** One rule. */
export interface FilterRule {
  readonly matches: readonly Match[]
  readonly verdict: Verdict
}

/** A chain with its rules; a base chain has a hook. */
export interface Chain {
  /** Unique in the rule set: family, table and chain name. */
  readonly id: string
  /** A readable name: `chain FORWARD of table ip filter`. */
  readonly title: string
  readonly family: 4 | 6 | 'both'
  readonly base?: { readonly hook: string; readonly policy: 'accept' | 'drop' }
  readonly rules: readonly FilterRule[]
}

/** The chain that certainly drops the packet; undefined if none does or if the result depends on unknown properties. */
export const droppingChain = (chains: readonly Chain[], packet: FilteredPacket): Chain | undefined => {
  const byId = new Map(chains.map((chain) => [chain.id, chain]))
  return chains.find((chain) => {
    if (chain.base?.hook !== packet.hook || (chain.family !== 'both' && chain.family !== packet.family))
      return false
    const { verdict, maybe } = walk(chain, packet, byId, 0)
    return !maybe && (verdict === 'drop' || (verdict === 'on' && chain.base.policy === 'drop'))
  })
}

interface Outcome {
  readonly verdict: 'accept' | 'drop' | 'on'
  /** A rule that is not understood may have accepted the packet earlier. */
  readonly maybe: boolean
}

/** Deeper than the kernel allows in any rule set. */
const mostJumps = 16

const walk = (
  chain: Chain,
  packet: FilteredPacket,
  byId: ReadonlyMap<string, Chain>,
  depth: number,
): Outcome => {
  let maybe = depth > mostJumps
  if (maybe) return { verdict: 'on', maybe }
  for (const { matches, verdict } of chain.rules) {
    const selects = all(matches.map((match) => matchOf(match, packet)))
    if (selects === false || verdict.does === 'none') continue
    if (verdict.does === 'jump' || verdict.does === 'goto') {
      const target = byId.get(verdict.chain)
      const inner: Outcome = target ? walk(target, packet, byId, depth + 1) : { verdict: 'on', maybe: true }
      maybe ||= inner.maybe || (selects === undefined && inner.verdict === 'accept')
      if (selects && (inner.verdict !== 'on' || verdict.does === 'goto'))
        return { verdict: inner.verdict, maybe }
    } else if (selects === undefined || verdict.does === 'unknown') maybe ||= verdict.does !== 'drop'
    else if (verdict.does === 'return') return { verdict: 'on', maybe }
    else return { verdict: verdict.does, maybe }
  }
  return { verdict: 'on', maybe }
}

const all = (answers: readonly (boolean | undefined)[]): boolean | undefined =>
  answers.includes(false) ? false : answers.includes(undefined) ? undefined : true

const matchOf = (match: Match, packet: FilteredPacket): boolean | undefined => {
  const answer = plain(match, packet)
  return answer === undefined ? undefined : answer !== ('not' in match && match.not)
}

const plain = (match: Match, packet: FilteredPacket): boolean | undefined => {
  switch (match.by) {
    case 'iif':
    case 'oif': {
      const name = packet[match.by]
      if (name !== undefined) return match.names.some((pattern) => covers(pattern, name))
      // A packet from another machine never arrives on the loopback interface.
      return match.names.every((pattern) => pattern === 'lo') ? false : undefined
    }
    case 'protocol':
      return packet.protocol === undefined ? undefined : match.names.includes(packet.protocol)
    case 'udp-port': {
      const port = packet.destinationPort
      return port === undefined
        ? undefined
        : match.ranges.some(([first, last]) => port >= first && port <= last)
    }
    case 'state':
      return match.names.includes('new')
    case 'family':
      return match.family === packet.family
    case 'destination-type':
      // An incoming packet is for this machine; the destination of a forwarded packet is not looked up.
      return packet.hook === 'input' ? match.names.includes('LOCAL') : undefined
    case 'tcp-field':
      return packet.protocol === 'udp' ? false : undefined
    case 'never':
      return false
    case 'unknown':
      return undefined
  }
}

/** `eth+` of iptables and `eth*` of nftables match by prefix. */
const covers = (pattern: string, name: string): boolean =>
  /[+*]$/.test(pattern) ? name.startsWith(pattern.slice(0, -1)) : pattern === name
