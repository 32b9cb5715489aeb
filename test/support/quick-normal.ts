// SPDX-License-Identifier: MIT
import type { QuickState } from './quick-case.ts'

// Normalises what differs between two runs of the same case: link-local addresses, random ports, descriptor numbers,
// timestamps.

/** Lines of standard error without wireguard-go's banner. */
export const normalStderr = (text: string): string =>
  linkLocal(text)
    .split('\n')
    .filter((line) => !/^[┌│└]/.test(line))
    .join('\n')
    .replace(/\/dev\/fd\/[0-9]+/g, '/dev/fd/N')
    // Where the program is.
    .replace(/\[\/\S*\/wg-quick\]/g, '[wg-quick]')
    // The shell's own position in upstream's script.
    .replace(/^\S*wg-quick: (?:line [0-9]+: )?/gm, 'wg-quick: ')

/** Text with link-local addresses made equal. */
export const linkLocal = (text: string): string => text.replace(/fe80::[0-9a-f:]+(?=[\s/"]|$)/gm, 'fe80::X')

/** Standard output without the daemon's log. */
export const normalStdout = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !/^(?:DEBUG|ERROR): /.test(line))
    .join('\n')

/** The state as comparable data. */
export const normalState = (state: QuickState): unknown => ({
  addr: sorted(state.addr.map(bare)),
  route4: sorted(state.route4),
  route6: sorted(state.route6),
  rule4: state.rule4,
  rule6: state.rule6,
  nft: sortedTables(linkLocal(state.nft)),
  sysctl: state.sysctl,
  wg_dump: normalDump(state.wg_dump),
})

/** Sections of the text taken after `down`, by their heading; the configuration directory is left out. */
export const normalAfter = (text: string): Record<string, string[]> => {
  const sections: Record<string, string[]> = {}
  for (const part of linkLocal(text).split(/^# /m).slice(1)) {
    const [heading = '', ...lines] = part.split('\n')
    const shown = lines.map((line) => line.trimEnd()).filter((line) => line !== '')
    if (heading === '/etc/wireguard') continue
    sections[heading] = /route table/.test(heading)
      ? shown.sort()
      : heading === 'ip -br link'
        ? shown.map((line) => line.split(/[ @]/)[0] as string).sort()
        : shown
  }
  return sections
}

/** Replaces a random port in a saved configuration by a fixed text. */
export const normalConfig = (text: string): string =>
  linkLocal(text).replace(/^ListenPort = [0-9]+$/m, 'ListenPort = N')

/** What the recording kept of an interface. */
const bare = (item: unknown): unknown => {
  const { ifindex, link, qdisc, group, txqlen, address, broadcast, ...rest } = item as Record<string, unknown>
  return rest
}

const sorted = (list: readonly unknown[]): string[] =>
  list
    // The kernel adds the link-local address of a new TUN at any time.
    .filter((item) => !/"dst":"(?:fe80|ff00)::/.test(JSON.stringify(item)))
    .map((item) =>
      // Duplicate address detection may or may not be finished.
      linkLocal(JSON.stringify(item)).replaceAll(',"tentative":true', '').replaceAll('"tentative":true,', ''),
    )
    .sort()

const sortedTables = (nft: string): string[] =>
  nft
    .split(/^(?=table )/m)
    .filter((table) => table.trim() !== '')
    .sort()

/** Ports and counters vary. */
const normalDump = (dump: string): string[] =>
  dump
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const fields = line.split('\t')
      if (fields.length === 5 && Number(fields[3]) !== 51999) fields[3] = 'PORT'
      if (fields.length === 9) fields.splice(5, 3, 'TIME', 'RX', 'TX')
      return fields.join(' ')
    })
    // wireguard-go reports peers in random order.
    .sort()

/** Calls and batches of the iptables family, without the queries: their order does not matter. */
export const normalIptables = (text: string): string =>
  linkLocal(text).replace(/^== ip6?tables-save $\n/gm, '')
