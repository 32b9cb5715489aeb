// SPDX-License-Identifier: MIT
import type { Op } from '@wgq/model/operation'
import type { OwnTable } from '../own-table.ts'
import type { FilterRule } from '../rule.ts'
import type { AsideState } from '../state.ts'
import { tableName } from '../table-name.ts'

/** The table of the marks of an interface's exceptions. */
export const asideTable: OwnTable<AsideState> = {
  tableOf: (dev, { mark, allow } = { mark: 0, allow: [] }) => {
    const restore: FilterRule = { connectionMark: mark, verdict: { setMark: mark } }
    const users = allow.flatMap((token) => /^uid (\d+)$/.exec(token)?.[1] ?? [])
    const begins = { connection: 'new', verdict: { setConnectionMark: mark } } as const
    const marks = { priority: -150, policy: 'accept' } as const
    return {
      name: `inet ${tableName('wgq-aside-', dev)}`,
      within: 'mangle',
      chains: [
        {
          ...marks,
          type: 'filter',
          hook: 'prerouting',
          own: `wgq-pre-${dev}`,
          rules: [
            { in: 'lo', verdict: 'return' },
            { in: dev, verdict: 'return' },
            ...(allow.includes('replies') ? [{ ...begins, toLocal: true } as const] : []),
            restore,
          ],
        },
        {
          ...marks,
          // Chains of this type repeat the route look-up when a packet's mark changes.
          type: 'route',
          hook: 'output',
          own: `wgq-out-${dev}`,
          rules: [...users.map((user) => ({ ...begins, user: Number(user) })), restore],
        },
      ],
    }
  },
  read: (_, rules) => {
    const output = rules.get('output') ?? []
    const users = output.flatMap(({ user }) => (user === undefined ? [] : [`uid ${user}`]))
    const replies = rules.get('prerouting')?.some(({ toLocal }) => toLocal) ? ['replies'] : []
    return { mark: output.at(-1)?.connectionMark ?? 0, allow: [...users, ...replies] }
  },
  merge: (ipv4, ipv6) =>
    ipv6.mark === ipv4.mark && ipv6.allow.join() === ipv4.allow.join() ? ipv4 : undefined,
}

/** The marks that exceptions need; undefined if they need none, or encrypted packets have no mark. */
export const asideOf = (mark: number, allow: readonly string[] = []): AsideState | undefined => {
  const marked = allow.filter((token) => token === 'replies' || token.startsWith('uid '))
  return mark === 0 || marked.length === 0 ? undefined : { mark, allow: marked }
}

/** The operation that sets them or replaces existing ones. */
export const planAsideOn = (dev: string, state: AsideState): Op => ({ do: 'aside.on', dev, ...state })
