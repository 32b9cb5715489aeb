// SPDX-License-Identifier: MIT
import type { Chain, FilterRule, Match, Verdict } from './ruleset.ts'

const hooks: Readonly<Record<string, string>> = { INPUT: 'input', FORWARD: 'forward', OUTPUT: 'output' }

/** Parses the chains of the filter table printed by `iptables-save` (4) or `ip6tables-save` (6). */
export const readIptables = (text: string, family: 4 | 6): Chain[] => {
  const tool = family === 4 ? 'iptables' : 'ip6tables'
  const policies = new Map<string, string>()
  const rules = new Map<string, FilterRule[]>()
  let inFilter = false
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) inFilter = line === '*filter'
    if (!inFilter) continue
    const chain = /^:(\S+) (\S+)/.exec(line)
    if (chain) {
      policies.set(chain[1] as string, chain[2] as string)
      rules.set(chain[1] as string, [])
    }
    const rule = /^-A (\S+) ?(.*)$/.exec(line)
    if (rule) rules.get(rule[1] as string)?.push(readRule(rule[2] as string, tool))
  }
  return [...rules].map(([name, list]) => {
    const hook = hooks[name]
    return {
      id: `${tool} ${name}`,
      title: `${name} of ${tool}`,
      family,
      ...(hook === undefined
        ? {}
        : {
            base: { hook, policy: policies.get(name) === 'DROP' ? ('drop' as const) : ('accept' as const) },
          }),
      rules: list,
    }
  })
}

const readRule = (text: string, tool: string): FilterRule => {
  const words = text.match(/"(?:\\.|[^"])*"|\S+/g) ?? []
  const matches: Match[] = []
  let verdict: Verdict = { does: 'none' }
  let not = false
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    if (word === '!') {
      not = true
      continue
    }
    const value = words[at + 1] ?? ''
    if (word === '-j' || word === '-g') {
      verdict = verdictOf(value, word === '-g', tool)
      // The remaining words belong to the target.
      break
    }
    if (word === '-m' || word === '--comment') at++
    else if (word.startsWith('-')) {
      matches.push(matchOf(word, value, not))
      if (!value.startsWith('-') && value !== '!') at++
    }
    not = false
  }
  return { matches, verdict }
}

const matchOf = (option: string, value: string, not: boolean): Match => {
  switch (option) {
    case '-i':
      return { by: 'iif', not, names: [value] }
    case '-o':
      return { by: 'oif', not, names: [value] }
    case '-p':
      return value === 'all'
        ? { by: 'protocol', not, names: ['udp'] }
        : { by: 'protocol', not, names: [value] }
    case '--dport':
    case '--dports':
      return { by: 'udp-port', not, ranges: value.split(',').map(rangeOf) }
    case '--ctstate':
    case '--state':
      return { by: 'state', not, names: value.toLowerCase().split(',') }
    case '--dst-type':
      return { by: 'destination-type', not, names: value.split(',') }
    default:
      return { by: 'unknown' }
  }
}

const rangeOf = (text: string): readonly [number, number] => {
  const [first = '', last = first] = text.split(':')
  return [Number(first), Number(last)]
}

const notATarget = new Set([
  'LOG',
  'NFLOG',
  'ULOG',
  'TRACE',
  'MARK',
  'CONNMARK',
  'TCPMSS',
  'AUDIT',
  'CLASSIFY',
])

const verdictOf = (target: string, isGoto: boolean, tool: string): Verdict => {
  if (target === 'ACCEPT') return { does: 'accept' }
  if (target === 'DROP' || target === 'REJECT') return { does: 'drop' }
  if (target === 'RETURN') return { does: 'return' }
  if (notATarget.has(target)) return { does: 'none' }
  return { does: isGoto ? 'goto' : 'jump', chain: `${tool} ${target}` }
}
