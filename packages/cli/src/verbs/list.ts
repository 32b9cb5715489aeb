// SPDX-License-Identifier: MIT
import { readdirSync } from 'node:fs'
import { openDevices } from '@wgq/backends/devices'
import { configDirectories } from '@wgq/config/locate'
import type { Device, DeviceAccess } from '@wgq/model/device'
import { isWgqError } from '@wgq/model/error'
import { painterFor } from '../colour.ts'
import type { Handler } from '../command.ts'
import { jsonText } from '../json-text.ts'
import { configPathOf } from '../observe/config-path.ts'
import { isSeen, measureRates, rateKey } from '../observe/rates.ts'
import { chosenInterfaces } from '../observe/tunnels.ts'
import { parseArguments } from '../options.ts'
import { writeErr, writeOut } from '../output.ts'
import { shortBytes } from '../show/short.ts'
import { type Column, tableLines } from '../table.ts'
import { terminalColumns } from '../terminal-width.ts'
import { enabledTunnels } from '../tunnels/enabled.ts'

/** A tunnel that has a file, is up or is started by systemd. */
interface Tunnel {
  readonly name: string
  readonly file: string | null
  readonly up: boolean
  /** The systemd unit that starts it. */
  readonly unit: string | null
  /** Null if the device is not readable or not running. */
  readonly peers: number | null
  readonly seen: number | null
  readonly rxBytesPerSecond: number
  readonly txBytesPerSecond: number
}

/** wgq list [--json], wgq status: lists every tunnel of this machine. */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments({ ...invocation, verb: 'list' })
  const devices = openDevices()
  const up = await chosenInterfaces(devices, [])
  const running = (await Promise.all(up.map((name) => readable(devices, name)))).filter(
    (device) => device !== undefined,
  )
  const rates = await measureRates(running, (name) => readable(devices, name))
  const units = enabledTunnels()
  const names = [...new Set([...up, ...filedNames(), ...units.keys()])].sort()
  const nowSeconds = Math.floor(Date.now() / 1000)
  const tunnels = names.map((name): Tunnel => {
    const device = running.find((one) => one.name === name)
    const sum = (way: 'down' | 'up'): number =>
      Math.round(
        device?.peers.reduce(
          (all, peer) => all + (rates.get(rateKey(name, peer.publicKey))?.[way] ?? 0),
          0,
        ) ?? 0,
      )
    return {
      name,
      file: fileOf(name),
      up: up.includes(name),
      unit: units.get(name) ?? null,
      peers: device?.peers.length ?? null,
      seen: device?.peers.filter((peer) => isSeen(peer, nowSeconds)).length ?? null,
      rxBytesPerSecond: sum('down'),
      txBytesPerSecond: sum('up'),
    }
  })
  if (parsed.flags.has('json')) writeOut(`${jsonText({ tunnels })}\n`)
  else await printTable(tunnels)
  if (process.geteuid?.() !== 0 && !parsed.flags.has('json'))
    writeErr('wgq: peers and files that only root may read are missing\n  hint: sudo wgq list\n')
  return 0
}

const readable = async (devices: DeviceAccess, name: string): Promise<Device | undefined> => {
  try {
    return await devices.read(name)
  } catch (error) {
    // No permission, or removed meanwhile.
    if (isWgqError(error)) return undefined
    throw error
  }
}

const filedNames = (): string[] =>
  configDirectories(process.platform).flatMap((directory) => {
    try {
      return readdirSync(directory).flatMap(
        (file) => /^([a-zA-Z0-9_=+.-]{1,15})\.conf$/.exec(file)?.[1] ?? [],
      )
    } catch {
      return []
    }
  })

const fileOf = (name: string): string | null => {
  try {
    return configPathOf(name)
  } catch (error) {
    if (isWgqError(error)) return null
    throw error
  }
}

const shape: readonly Column[] = [
  { title: 'TUNNEL', least: 6 },
  { title: 'STATE' },
  { title: 'SEEN', right: true },
  { title: 'DOWN/s', right: true },
  { title: 'UP/s', right: true },
  { title: 'STARTED BY', least: 12 },
  { title: 'FILE', least: 12 },
]

const printTable = async (tunnels: readonly Tunnel[]): Promise<void> => {
  if (tunnels.length === 0) {
    writeOut('There is no tunnel; `wgq init NAME` makes the file of a server\n')
    return
  }
  const rows = tunnels.map(({ name, up, unit, file, peers, seen, rxBytesPerSecond, txBytesPerSecond }) => [
    name,
    up ? 'up' : 'down',
    peers === null ? '-' : `${seen} of ${peers}`,
    up ? shortBytes(rxBytesPerSecond) : '-',
    up ? shortBytes(txBytesPerSecond) : '-',
    unit ?? '-',
    file ?? '-',
  ])
  const paint = await painterFor(1)
  const [head = '', ...lines] = tableLines(shape, rows, terminalColumns(1))
  // Highlight tunnels that are enabled but not running: that is what users look for here.
  const shown = lines.map((line, at) => {
    const { up, unit } = tunnels[at] as Tunnel
    if (up) return paint('green', line)
    return unit === null ? line : paint('red', line)
  })
  writeOut(`${[paint('bold', head), ...shown].join('\n')}\n`)
}
