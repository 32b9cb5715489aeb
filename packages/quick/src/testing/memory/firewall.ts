// SPDX-License-Identifier: MIT

interface Chain {
  readonly hook: string
  readonly rules: string[]
}

const priorities: Readonly<Record<string, string>> = { '-300': 'raw', '-150': 'mangle', '0': 'filter' }

/** An in-memory nft: the few statements that wgq writes, and the listings it reads. */
export class Firewall {
  tables = new Map<string, Map<string, Chain>>()

  /** `nft -f -`: applies all or nothing. Returns the exit status. */
  load(batch: string): number {
    const before = this.tables
    this.tables = structuredClone(before)
    for (const line of batch.split('\n').filter(Boolean)) {
      if (this.statement(line)) continue
      this.tables = before
      return 1
    }
    return 0
  }

  /** `nft list tables`. */
  list(): string {
    return [...this.tables.keys()].map((table) => `table ${table}\n`).join('')
  }

  /** `nft list table FAMILY NAME`; undefined if there is none. */
  listTable(table: string): string | undefined {
    const chains = this.tables.get(table)
    if (!chains) return undefined
    const bodies = [...chains].map(
      ([name, { hook, rules }]) =>
        `\tchain ${name} {\n${[hook, ...rules].map((line) => `\t\t${line}\n`).join('')}\t}\n`,
    )
    return `table ${table} {\n${bodies.join('\n')}}\n`
  }

  /** Says whether the kill switches let a packet pass. */
  lets({ dev, mark, udp }: { dev: string; mark: number; udp: boolean }): boolean {
    for (const [table, chains] of this.tables) {
      const output = table.startsWith('inet wgq-kill-') ? chains.get('output') : undefined
      if (!output?.hook.includes('policy drop')) continue
      const hex = `0x${mark.toString(16).padStart(8, '0')}`
      const passes = output.rules.some(
        (rule) =>
          rule === `oifname "${dev}" accept` || (udp && rule === `meta l4proto udp meta mark ${hex} accept`),
      )
      if (!passes) return false
    }
    return true
  }

  private statement(line: string): boolean {
    const [act = '', kind = '', family = '', name = '', chain = '', ...rest] = line.trim().split(' ')
    const table = `${family} ${name}`
    if (kind === 'table' && act === 'add') {
      if (!this.tables.has(table)) this.tables.set(table, new Map())
      return true
    }
    if (kind === 'table' && act === 'delete') return this.tables.delete(table)
    const chains = this.tables.get(table)
    if (!chains || act !== 'add') return false
    if (kind === 'chain') {
      const hook = /\{ (.*) \}/.exec(rest.join(' '))?.[1] ?? ''
      const named = hook.replace(/priority (-?\d+)/, (_, number: string) => `priority ${priorities[number]}`)
      chains.set(chain, { hook: /policy/.test(named) ? named : `${named} policy accept;`, rules: [] })
      return true
    }
    chains.get(chain)?.rules.push(listed(rest.join(' ')))
    return chains.has(chain)
  }
}

/** A rule as nft lists it. */
const listed = (rule: string): string =>
  rule
    .trim()
    .replace(/(^|udp )mark (\d+)/, '$1meta mark $2')
    .replace(
      /meta mark (\d+)/,
      (_, mark: string) => `meta mark 0x${Number(mark).toString(16).padStart(8, '0')}`,
    )
    .replace(/ct mark set mark$/, 'ct mark set meta mark')
