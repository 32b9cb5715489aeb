// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
import type { Peer } from '@wgq/model/device'
import { formatEndpoint } from '@wgq/model/endpoint'
import type { Key } from '@wgq/model/key'
import { visible } from '@wgq/model/shown'
import { painterFor } from '../colour.ts'
import type { Handler } from '../command.ts'
import { jsonText } from '../json-text.ts'
import { isSeen, measureRates, type Rate, rateKey } from '../observe/rates.ts'
import { readIfThere } from '../observe/tunnels.ts'
import { parseArguments } from '../options.ts'
import { writeOut } from '../output.ts'
import { runQuick } from '../quick-session.ts'
import { shortAge, shortBytes, shortKey } from '../show/short.ts'
import { type Column, tableLines } from '../table.ts'
import { terminalColumns } from '../terminal-width.ts'
import { type PlacedPeer, readTunnelFile, wholePeers } from './tunnel-file.ts'

/** wgq peer list IF [--json]: lists the peers of the file and of the running tunnel. */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments(invocation)
  return runQuick({ ...invocation, args: parsed.operands }, async (session) => {
    const { devices } = session.dependencies
    const running = (await devices.list()).includes(session.name)
    const device = running ? await readIfThere(devices, session.name) : undefined
    const rates = await measureRates(device ? [device] : [], (name) => readIfThere(devices, name))
    const entries = join(wholePeers(readTunnelFile(session.configPath)), device?.peers ?? [], (key) =>
      rates.get(rateKey(session.name, key)),
    )
    const nowSeconds = Math.floor(Date.now() / 1000)
    if (parsed.flags.has('json'))
      writeOut(
        `${jsonText({ interface: session.name, running: device !== undefined, peers: entries.map((entry) => entryJson(entry, nowSeconds)) })}\n`,
      )
    else if (entries.length === 0)
      writeOut(`${session.name} has no peers; \`wgq peer add ${session.name} NAME\` adds one\n`)
    else await printTable(entries, nowSeconds)
    return 0
  })
}

/** A peer of the file, of the device, or of both. */
export interface Entry {
  readonly publicKey: Key
  readonly filed?: PlacedPeer
  readonly live?: Peer
  readonly rate?: Rate
}

const join = (
  filed: readonly PlacedPeer[],
  live: readonly Peer[],
  rateOf: (key: Key) => Rate | undefined,
): Entry[] => {
  const running = new Map(live.map((peer) => [peer.publicKey, peer]))
  const inFile = new Set(filed.map(({ publicKey }) => publicKey))
  const entry = (publicKey: Key, rest: Omit<Entry, 'publicKey'>): Entry => {
    const rate = rateOf(publicKey)
    return { publicKey, ...rest, ...(rate && { rate }) }
  }
  return [
    ...filed.map((peer) => {
      const now = running.get(peer.publicKey)
      return entry(peer.publicKey, { filed: peer, ...(now && { live: now }) })
    }),
    ...live
      .filter(({ publicKey }) => !inFile.has(publicKey))
      .map((peer) => entry(peer.publicKey, { live: peer })),
  ]
}

/** An entry of `wgq peer list --json` (docs/schema/peers.json). */
const entryJson = ({ publicKey, filed, live, rate }: Entry, nowSeconds: number): object => ({
  name: filed?.name ?? null,
  publicKey,
  allowedIps: (live ?? filed)?.allowedIps.map(formatCidr) ?? [],
  inFile: filed !== undefined,
  disabled: filed?.disabled ?? false,
  expires: filed?.expires ?? null,
  endpoint: live?.endpoint ? formatEndpoint(live.endpoint) : null,
  latestHandshake: live && live.lastHandshake.seconds > 0n ? live.lastHandshake.seconds : null,
  seen: live !== undefined && isSeen(live, nowSeconds),
  rxBytes: live?.rxBytes ?? null,
  txBytes: live?.txBytes ?? null,
  rxBytesPerSecond: Math.round(rate?.down ?? 0),
  txBytesPerSecond: Math.round(rate?.up ?? 0),
})

const shape: readonly Column[] = [
  { title: 'NAME', least: 8 },
  { title: 'ADDRESSES', least: 15 },
  { title: 'ENDPOINT', least: 15 },
  { title: 'HANDSHAKE', right: true },
  { title: 'DOWN/s', right: true },
  { title: 'UP/s', right: true },
]

/** Example of a date; the day is precise enough here. */
const isoDate = '2027-01-31'

const printTable = async (entries: readonly Entry[], nowSeconds: number): Promise<void> => {
  const expiring = entries.some(({ filed }) => filed?.expires !== undefined)
  const columns: readonly Column[] = expiring ? [...shape, { title: 'EXPIRES' }] : shape
  const rows = entries.map((entry) => [
    ...cells(entry, nowSeconds),
    (entry.filed?.expires ?? '').slice(0, isoDate.length),
  ])
  const paint = await painterFor(1)
  const [head = '', ...lines] = tableLines(columns, rows, terminalColumns(1))
  const shown = lines.map((line, at) => {
    const { live, filed } = entries[at] as Entry
    if (live && isSeen(live, nowSeconds)) return paint('green', line)
    return filed?.disabled ? paint('dim', line) : line
  })
  writeOut(`${[paint('bold', head), ...shown].join('\n')}\n`)
}

const cells = ({ publicKey, filed, live, rate }: Entry, nowSeconds: number): string[] => [
  visible(filed?.name ?? shortKey(publicKey)),
  addressText((live ?? filed)?.allowedIps ?? []),
  live?.endpoint ? formatEndpoint(live.endpoint) : '-',
  stateText(filed, live, nowSeconds),
  shortBytes(rate?.down ?? 0),
  shortBytes(rate?.up ?? 0),
]

/** Single addresses are shown without prefix length. */
const addressText = (cidrs: Peer['allowedIps']): string =>
  cidrs
    .map((cidr) => (cidr.prefixLength === (cidr.family === 4 ? 32 : 128) ? cidr.address : formatCidr(cidr)))
    .join(' ') || '-'

const stateText = (filed: PlacedPeer | undefined, live: Peer | undefined, nowSeconds: number): string => {
  if (!live) return filed?.disabled ? 'disabled' : '-'
  if (live.lastHandshake.seconds > 0n) return shortAge(nowSeconds - Number(live.lastHandshake.seconds))
  return filed ? 'never' : 'not in file'
}
