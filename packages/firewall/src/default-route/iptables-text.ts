// SPDX-License-Identifier: MIT
import type { FirewallInput } from '../state.ts'

/** The comment that identifies rules of an interface; upstream's own text. */
const comment = (dev: string): string => `-m comment --comment "wg-quick(8) rule for ${dev}"`

/** wg-quick's iptables-restore batch for one family, byte for byte (spec wg-quick §6.5). */
export const writeIptables = ({ dev, mark, addresses }: FirewallInput): string =>
  [
    '*raw',
    ...addresses.map(
      (address) =>
        `-I PREROUTING ! -i ${dev} -d ${address} -m addrtype ! --src-type LOCAL -j DROP ${comment(dev)}`,
    ),
    'COMMIT',
    '*mangle',
    `-I POSTROUTING -m mark --mark ${mark} -p udp -j CONNMARK --save-mark ${comment(dev)}`,
    `-I PREROUTING -p udp -j CONNMARK --restore-mark ${comment(dev)}`,
    'COMMIT',
    '',
  ].join('\n')

/** The batch that deletes an interface's rules, from the output of `iptables-save`; undefined if there are none. */
export const iptablesRemoval = (dev: string, saved: string): string | undefined => {
  const mine = comment(dev)
  const lines = saved
    .split('\n')
    .filter(
      (line) => line.startsWith('*') || line === 'COMMIT' || (line.startsWith('-A') && line.includes(mine)),
    )
  if (!lines.some((line) => line.startsWith('-A'))) return undefined
  return lines.map((line) => `${line.replace(/^-A/, '-D')}\n`).join('')
}
