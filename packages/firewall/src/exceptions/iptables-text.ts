// SPDX-License-Identifier: MIT
import type { AsideState } from '../state.ts'

const hooks = ['PREROUTING', 'OUTPUT'] as const
type Hook = (typeof hooks)[number]

const chainOf = (hook: Hook, dev: string): string => `${hook === 'OUTPUT' ? 'wgq-out' : 'wgq-pre'}-${dev}`

/** The same as the nft rules, spelled as `iptables-save` lists them. */
const rulesOf = (hook: Hook, dev: string, { mark, allow }: AsideState): string[] => {
  const hex = `0x${mark.toString(16)}`
  const set = `-j CONNMARK --set-xmark ${hex}/0xffffffff`
  const restore = `-m connmark --mark ${hex} -j MARK --set-xmark ${hex}/0xffffffff`
  const users = allow.flatMap((token) => /^uid (\d+)$/.exec(token)?.[1] ?? [])
  return hook === 'OUTPUT'
    ? [...users.map((user) => `-m owner --uid-owner ${user} -m conntrack --ctstate NEW ${set}`), restore]
    : [
        '-i lo -j RETURN',
        `-i ${dev} -j RETURN`,
        ...(allow.includes('replies')
          ? [`-m conntrack --ctstate NEW -m addrtype --dst-type LOCAL ${set}`]
          : []),
        restore,
      ]
}

const jump = (hook: Hook, dev: string): string => `-A ${hook} -j ${chainOf(hook, dev)}`

/** The lines of the mangle table: rules of other tables look the same. */
const mangle = (saved: string): string[] =>
  (/^\*mangle\n([\s\S]*?)^COMMIT$/m.exec(saved)?.[1] ?? '').split('\n')

/** The `iptables-restore -n` batch that puts the marks in place of an older version of themselves. */
export const writeIptablesAside = (dev: string, state: AsideState, saved: string): string => {
  const there = mangle(saved)
  return [
    '*mangle',
    // Without flushing (-n) such a line empties the chain.
    ...hooks.map((hook) => `:${chainOf(hook, dev)} - [0:0]`),
    ...hooks.flatMap((hook) => rulesOf(hook, dev, state).map((rule) => `-A ${chainOf(hook, dev)} ${rule}`)),
    ...hooks.map((hook) => jump(hook, dev)).filter((line) => !there.includes(line)),
    'COMMIT',
    '',
  ].join('\n')
}

/** The batch that takes the marks away; undefined where there are none. */
export const removeIptablesAside = (dev: string, saved: string): string | undefined => {
  const there = mangle(saved)
  const chains = hooks
    .map((hook) => chainOf(hook, dev))
    .filter((chain) => there.some((line) => line.startsWith(`:${chain} `)))
  if (chains.length === 0) return undefined
  const jumps = hooks.map((hook) => jump(hook, dev)).filter((line) => there.includes(line))
  return [
    '*mangle',
    ...jumps.map((line) => line.replace('-A', '-D')),
    ...chains.flatMap((chain) => [`-F ${chain}`, `-X ${chain}`]),
    'COMMIT',
    '',
  ].join('\n')
}

/** Reads `iptables-save` of one family; undefined where a chain is not there, not reached or not complete. */
export const readIptablesAside = (dev: string, saved: string): AsideState | undefined => {
  const there = mangle(saved)
  const rules = (hook: Hook): string[] => {
    const start = `-A ${chainOf(hook, dev)} `
    return there.flatMap((line) => (line.startsWith(start) ? [line.slice(start.length)] : []))
  }
  const output = rules('OUTPUT')
  const mark = Number(/^-m connmark --mark (0x[0-9a-f]+)/.exec(output.at(-1) ?? '')?.[1] ?? 0)
  const users = output.flatMap((rule) => /^-m owner --uid-owner (\d+)/.exec(rule)?.[1] ?? [])
  const replies = rules('PREROUTING').some((rule) => rule.includes('--dst-type LOCAL'))
  const state = {
    mark,
    allow: [...users.map((user) => `uid ${user}`), ...(replies ? ['replies'] : [])],
  }
  const whole = hooks.every(
    (hook) =>
      rules(hook).join('\n') === rulesOf(hook, dev, state).join('\n') && there.includes(jump(hook, dev)),
  )
  return whole ? state : undefined
}
