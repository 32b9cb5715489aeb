// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'
import type { Dependencies } from '../../dependencies.ts'

/** Rules by chain, without the chain's name. */
type Chains = ReadonlyMap<string, readonly string[]>

/** An in-memory iptables of both families: the few lines that wgq writes, and the listings it reads. */
export class Iptables {
  /** Batches that fail, without an effect. */
  refuses: (family: Family, batch: string) => boolean = () => false
  readonly tables = { 4: new Map<string, Chains>(), 6: new Map<string, Chains>() }

  /** Dependencies of a machine that has iptables instead of nft. */
  replaceNft({ run, find }: Dependencies): Pick<Dependencies, 'run' | 'find'> {
    return {
      find: (program) => {
        if (program === 'nft') return undefined
        return /^ip6?tables/.test(program) ? `/memory/${program}` : find(program)
      },
      run: async (program, args, options) => {
        const [, six, verb] = /^ip(6?)tables-(save|restore)$/.exec(program) ?? []
        if (verb === undefined) return run(program, args, options)
        const family = six === '6' ? 6 : 4
        if (verb === 'save') return { status: 0, stdout: this.save(family) }
        return { status: this.restore(family, options?.input ?? ''), stdout: '' }
      },
    }
  }

  /** `iptables-save`. */
  save(family: Family): string {
    const lines = [...this.tables[family]].flatMap(([table, chains]) => [
      `*${table}`,
      ...[...chains.keys()].map((chain) => `:${chain} ${isBuiltIn(chain) ? 'ACCEPT' : '-'} [0:0]`),
      ...[...chains].flatMap(([chain, rules]) => rules.map((rule) => `-A ${chain} ${rule}`)),
      'COMMIT',
    ])
    return lines.map((line) => `${line}\n`).join('')
  }

  /** `iptables-restore -n`: applies all or nothing of each table. Returns the exit status. */
  restore(family: Family, batch: string): number {
    if (this.refuses(family, batch)) return 1
    for (const part of batch.split(/^(?=\*)/m)) {
      const [head = '', ...lines] = part.split('\n').filter((line) => line !== '' && line !== 'COMMIT')
      const table = head.slice(1)
      const chains = new Map(this.tables[family].get(table))
      for (const line of lines) if (!statement(chains, line)) return 1
      this.tables[family].set(table, chains)
    }
    return 0
  }
}

const isBuiltIn = (chain: string): boolean => /^[A-Z]+$/.test(chain)

const statement = (chains: Map<string, readonly string[]>, line: string): boolean => {
  const [, act = '', chain = '', written = ''] = /^(:|-[AIDFX] )(\S+) ?(?:1 )?(.*)$/.exec(line) ?? []
  const rule = listed(written)
  const rules = chains.get(chain) ?? (isBuiltIn(chain) ? [] : undefined)
  if (act === ':') chains.set(chain, [])
  else if (rules === undefined) return false
  else if (act === '-X ') return rules.length === 0 && chains.delete(chain)
  else if (act === '-F ') chains.set(chain, [])
  else if (act === '-A ') chains.set(chain, [...rules, rule])
  else if (act === '-I ') chains.set(chain, [rule, ...rules])
  else {
    const at = rules.indexOf(rule)
    if (at < 0) return false
    chains.set(chain, rules.toSpliced(at, 1))
  }
  return true
}

/** A rule as iptables lists it. */
const listed = (rule: string): string =>
  rule
    .replace(/^(! -i \S+) -d ([\d.]+) /, '-d $2/32 $1 ')
    .replace(/^(! -i \S+) -d ([\da-f:]+) /, '-d $2/128 $1 ')
    .replace(/--mark (\d+) /, (_, mark: string) => `--mark 0x${Number(mark).toString(16)} `)
