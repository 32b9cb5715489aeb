// SPDX-License-Identifier: MIT
import type { Chain, FilterRule, Match, Verdict } from './ruleset.ts'

type Json = Readonly<Record<string, unknown>>

/** A flowtable and its current interfaces. */
export interface Flowtable {
  readonly title: string
  readonly interfaces: readonly string[]
}

/** Parses the filters from the output of `nft -j list ruleset`. Raises what `JSON.parse` raises. */
export const readNft = (text: string): { chains: Chain[]; flowtables: Flowtable[] } => {
  const items = (JSON.parse(text) as { nftables?: Json[] }).nftables ?? []
  const chains = new Map<string, { -readonly [K in keyof Chain]: Chain[K] } & { rules: FilterRule[] }>()
  const flowtables: Flowtable[] = []
  // A rule is expanded to a list, because a verdict map has several verdicts.
  for (const item of items) {
    const chain = item['chain'] as Json | undefined
    const rule = item['rule'] as Json | undefined
    const flowtable = item['flowtable'] as Json | undefined
    if (chain) {
      const id = idOf(chain, chain['name'])
      const family = chain['family']
      chains.set(id, {
        id,
        title: `chain ${chain['name']} of table ${family} ${chain['table']}`,
        family: family === 'ip' ? 4 : family === 'ip6' ? 6 : 'both',
        ...(typeof chain['hook'] === 'string' &&
        chain['type'] === 'filter' &&
        family !== 'netdev' &&
        family !== 'bridge'
          ? { base: { hook: chain['hook'], policy: chain['policy'] === 'drop' ? 'drop' : 'accept' } }
          : {}),
        rules: [],
      })
    }
    if (rule) chains.get(idOf(rule, rule['chain']))?.rules.push(...readRule(rule))
    if (flowtable)
      flowtables.push({
        title: `flowtable ${flowtable['name']} of table ${flowtable['family']} ${flowtable['table']}`,
        interfaces: listOf(flowtable['dev']).map(String),
      })
  }
  return { chains: [...chains.values()], flowtables }
}

const idOf = (of: Json, chain: unknown): string => `${of['family']} ${of['table']} ${chain}`

const readRule = (rule: Json): FilterRule[] => {
  const matches: Match[] = []
  let verdict: Verdict = { does: 'none' }
  for (const expression of listOf(rule['expr']) as Json[]) {
    const [word = '', value] = Object.entries(expression)[0] ?? []
    if (word === 'match') matches.push(...impliedBy(value as Json), matchOf(value as Json))
    else if (word === 'vmap') return mapOf(rule, value as Json, matches)
    else if (word === 'limit') matches.push({ by: 'unknown' })
    else if (word === 'xt' && (value as Json | null)?.['type'] === 'match') matches.push({ by: 'unknown' })
    else if (word === 'xt') verdict = { does: 'unknown' }
    else verdict = verdictOf(rule, word, value) ?? verdict
  }
  return [{ matches, verdict }]
}

/** One rule for each entry of a verdict map. */
const mapOf = (rule: Json, { key, data }: Json, matches: readonly Match[]): FilterRule[] => {
  const entries = typeof data === 'object' && data !== null ? listOf((data as Json)['set']) : undefined
  // A named map: its entries are listed elsewhere.
  if (!entries) return [{ matches, verdict: { does: 'unknown' } }]
  return entries.map((entry) => {
    const [value, does] = listOf(entry)
    const [word = '', target] = Object.entries((does ?? {}) as Json)[0] ?? []
    const match = matchOf({ op: '==', left: key, right: value })
    return { matches: [...matches, match], verdict: verdictOf(rule, word, target) ?? { does: 'unknown' } }
  })
}

const verdictOf = (rule: Json, word: string, value: unknown): Verdict | undefined => {
  switch (word) {
    case 'accept':
      return { does: 'accept' }
    case 'drop':
    case 'reject':
      return { does: 'drop' }
    case 'return':
      return { does: 'return' }
    case 'jump':
    case 'goto':
      return { does: word, chain: idOf(rule, (value as Json)['target']) }
    // A queue or a synproxy makes the decision elsewhere.
    case 'queue':
    case 'synproxy':
      return { does: 'unknown' }
    default:
      return undefined
  }
}

/** nft checks the protocol of a header before it reads a field of it. */
const impliedBy = ({ left }: Json): Match[] => {
  const protocol = ((left ?? {}) as Record<string, Json | undefined>)['payload']?.['protocol']
  if (protocol === 'ip' || protocol === 'ip6')
    return [{ by: 'family', not: false, family: protocol === 'ip' ? 4 : 6 }]
  const isTransport = /^(?:udp|tcp|udplite|sctp|dccp|icmp|icmpv6|igmp|esp|ah|comp)$/.test(String(protocol))
  return isTransport ? [{ by: 'protocol', not: false, names: [String(protocol)] }] : []
}

const matchOf = ({ op, left, right }: Json): Match => {
  const not = op === '!='
  const { meta, ct, payload } = (left ?? {}) as Record<string, Json | undefined>
  if (payload?.['protocol'] === 'tcp') return { by: 'tcp-field' }
  const values = valuesOf(right)
  if ((op !== '==' && op !== '!=' && op !== 'in') || !values) return { by: 'unknown' }
  const names = values.map(String)
  if (meta?.['key'] === 'iifname' || meta?.['key'] === 'iif') return { by: 'iif', not, names }
  if (meta?.['key'] === 'oifname' || meta?.['key'] === 'oif') return { by: 'oif', not, names }
  if (meta?.['key'] === 'l4proto') return { by: 'protocol', not, names: names.map(protocolName) }
  if (meta?.['key'] === 'nfproto' && (names[0] === 'ipv4' || names[0] === 'ipv6'))
    return { by: 'family', not, family: names[0] === 'ipv4' ? 4 : 6 }
  if (ct?.['key'] === 'state') return { by: 'state', not, names }
  if (payload?.['field'] === 'protocol' || payload?.['field'] === 'nexthdr')
    return { by: 'protocol', not, names: names.map(protocolName) }
  if (payload?.['field'] === 'dport' && ['udp', 'th'].includes(String(payload['protocol'])))
    return { by: 'udp-port', not, ranges: values.map(rangeOf) }
  // Connections with a rewritten destination go to another machine or port.
  if (ct?.['key'] === 'status' && names.every((name) => name === 'dnat'))
    return not ? { by: 'unknown' } : { by: 'never' }
  return { by: 'unknown' }
}

const protocolName = (name: string): string => (name === '17' ? 'udp' : name)

/** The values on the right side; undefined for a named set. */
const valuesOf = (right: unknown): readonly unknown[] | undefined => {
  if (typeof right === 'string' && right.startsWith('@')) return undefined
  if (typeof right !== 'object' || right === null) return [right]
  if (Array.isArray(right)) return right
  const { set, range, prefix } = right as Json
  if (prefix !== undefined) return undefined
  return range === undefined ? (Array.isArray(set) ? set : undefined) : [right]
}

const rangeOf = (value: unknown): readonly [number, number] => {
  const range =
    typeof value === 'object' && value !== null ? listOf((value as Json)['range']) : [value, value]
  return [Number(range[0]), Number(range[1] ?? range[0])]
}

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value]
