// SPDX-License-Identifier: MIT

import type { Device, Peer } from '@wgq/model/device'
import { formatEndpoint } from '@wgq/model/endpoint'
import { visible } from '@wgq/model/shown'
import { shortAge, shortBytes, shortKey } from '../show/short.ts'
import { staleAfterSeconds } from './device-events.ts'
import type { PeerNames } from './metrics-text.ts'

/** One sample of the devices; `seconds` is a monotonic clock. */
export interface Sample {
  readonly seconds: number
  readonly devices: readonly { readonly device: Device; readonly names: PeerNames }[]
}

/** How to paint a line; identity functions without colour. */
export interface Paint {
  readonly title: (text: string) => string
  readonly head: (text: string) => string
  readonly fresh: (text: string) => string
  readonly old: (text: string) => string
}

/**
 * Renders the screen of `wgq top`: a table of peers of all interfaces, the busiest first, at most `rows` lines of
 * `columns` characters. Rates are relative to `before`; `nowSeconds` is the wall clock for the age of handshakes.
 */
export const topScreen = (
  before: Sample | undefined,
  after: Sample,
  size: { columns: number; rows: number },
  nowSeconds: number,
  paint: Paint,
): string[] => {
  const rates = ratesOf(before, after)
  const peers = after.devices.flatMap(({ device, names }) =>
    device.peers.map((peer) => row(device, names, peer, rates, nowSeconds)),
  )
  peers.sort((a, b) => b.busy - a.busy || a.cells.peer.localeCompare(b.cells.peer))
  const wide = size.columns >= 110
  const columns: readonly Column[] = wide ? [...narrowColumns, ...wideColumns] : narrowColumns
  const widths = fit(
    columns,
    peers.map((peer) => peer.cells),
    size.columns,
  )
  const line = (cells: Cells) =>
    columns
      .map((column, i) => pad(cells[column.key], widths[i] as number, column.right))
      .join('  ')
      .trimEnd()
  const title = `wgq top  ${after.devices.length} interface${after.devices.length === 1 ? '' : 's'}, ${peers.length} peer${peers.length === 1 ? '' : 's'}`
  const head = line(
    Object.fromEntries(columns.map((column) => [column.key, column.title])) as unknown as Cells,
  )
  const body = peers
    .slice(0, Math.max(0, size.rows - 3))
    .map((peer) => (peer.fresh ? paint.fresh : paint.old)(line(peer.cells)))
  const hidden = peers.length - body.length
  const foot = hidden > 0 ? `${hidden} more` : 'q quits'
  return [paint.title(title.slice(0, size.columns)), paint.head(head), ...body, paint.old(foot)].slice(
    0,
    size.rows,
  )
}

type CellKey = 'peer' | 'iface' | 'handshake' | 'down' | 'up' | 'endpoint' | 'received' | 'sent'
type Cells = Readonly<Record<CellKey, string>>

interface Column {
  readonly key: CellKey
  readonly title: string
  readonly right?: boolean
}

const narrowColumns: readonly Column[] = [
  { key: 'peer', title: 'PEER' },
  { key: 'iface', title: 'IF' },
  { key: 'handshake', title: 'HANDSHAKE', right: true },
  { key: 'down', title: 'DOWN/s', right: true },
  { key: 'up', title: 'UP/s', right: true },
]
const wideColumns: readonly Column[] = [
  { key: 'received', title: 'RECEIVED', right: true },
  { key: 'sent', title: 'SENT', right: true },
  { key: 'endpoint', title: 'ENDPOINT' },
]

const row = (
  device: Device,
  names: PeerNames,
  peer: Peer,
  rates: ReadonlyMap<string, Rate>,
  nowSeconds: number,
) => {
  const rate = rates.get(device.name + peer.publicKey) ?? { down: 0, up: 0 }
  const age =
    Number(peer.lastHandshake.seconds) === 0 ? undefined : nowSeconds - Number(peer.lastHandshake.seconds)
  const cells: Cells = {
    peer: visible(names.get(peer.publicKey) ?? shortKey(peer.publicKey)),
    iface: visible(device.name),
    handshake: age === undefined ? 'never' : shortAge(age),
    down: shortBytes(rate.down),
    up: shortBytes(rate.up),
    received: shortBytes(Number(peer.rxBytes)),
    sent: shortBytes(Number(peer.txBytes)),
    endpoint: peer.endpoint ? formatEndpoint(peer.endpoint) : '-',
  }
  return { cells, busy: rate.down + rate.up, fresh: age !== undefined && age < staleAfterSeconds }
}

interface Rate {
  /** Bytes per second. */
  readonly down: number
  readonly up: number
}

const ratesOf = (before: Sample | undefined, after: Sample): Map<string, Rate> => {
  const rates = new Map<string, Rate>()
  if (!before || after.seconds <= before.seconds) return rates
  const elapsed = after.seconds - before.seconds
  const old = new Map(
    before.devices.flatMap(({ device }) =>
      device.peers.map((peer) => [device.name + peer.publicKey, peer] as const),
    ),
  )
  for (const { device } of after.devices)
    for (const peer of device.peers) {
      const was = old.get(device.name + peer.publicKey)
      if (!was) continue
      // A restarted daemon counts from zero: avoid negative rates.
      const grown = (now: bigint, then: bigint) => Math.max(0, Number(now - then)) / elapsed
      rates.set(device.name + peer.publicKey, {
        down: grown(peer.rxBytes, was.rxBytes),
        up: grown(peer.txBytes, was.txBytes),
      })
    }
  return rates
}

/** Widths that show every cell if there is room; the peer's name is shortened first. */
const fit = (columns: readonly Column[], rows: readonly Cells[], total: number): number[] => {
  const widths = columns.map((column) =>
    Math.max(column.title.length, ...rows.map((cells) => cells[column.key].length)),
  )
  const gaps = 2 * (columns.length - 1)
  const over = widths.reduce((sum, width) => sum + width, gaps) - total
  if (over > 0) widths[0] = Math.max(8, (widths[0] as number) - over)
  return widths
}

const pad = (text: string, width: number, right?: boolean): string => {
  const cut = text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text
  return right ? cut.padStart(width) : cut.padEnd(width)
}
