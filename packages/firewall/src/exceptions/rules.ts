// SPDX-License-Identifier: MIT
import type { FilterRule } from '../rule.ts'
import { lanNetworks, namePorts } from './lan.ts'

/** The rules that let exceptions pass, in the words of {@link Exceptions.allow}; replies carry the mark. */
export const exceptionRules = (allow: readonly string[], mark: number): FilterRule[] =>
  allow.flatMap((token): FilterRule[] => {
    const [kind, value = ''] = token.split(' ')
    if (kind === 'dev') return [{ out: value, verdict: 'accept' }]
    if (kind === 'uid') return [{ user: Number(value), verdict: 'accept' }]
    if (kind === 'replies') return [{ connection: 'reply', connectionMark: mark, verdict: 'accept' }]
    if (kind !== 'lan') return [{ to: token, verdict: 'accept' }]
    return [
      ...namePorts.flatMap((port) =>
        (['udp', 'tcp'] as const).map((protocol): FilterRule => ({ protocol, port, verdict: 'drop' })),
      ),
      ...[...lanNetworks[4], ...lanNetworks[6]].map((to): FilterRule => ({ to, verdict: 'accept' })),
    ]
  })

/** The exceptions that listed rules implement, in their order. */
export const exceptionsIn = (rules: readonly FilterRule[]): string[] => {
  const lan = rules.findIndex(({ port, verdict }) => port === namePorts[0] && verdict === 'drop')
  const named = rules.slice(0, lan < 0 ? undefined : lan).flatMap(({ out, user, connection, to, port }) => {
    if (port !== undefined) return []
    if (out !== undefined) return [`dev ${out}`]
    if (user !== undefined) return [`uid ${user}`]
    return connection === 'reply' ? ['replies'] : (to ?? [])
  })
  return lan < 0 ? named : [...named, 'lan']
}
