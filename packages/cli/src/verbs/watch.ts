// SPDX-License-Identifier: MIT

import { openDevices } from '@wgq/backends/devices'
import { openHost } from '@wgq/backends/host'
import type { Device, DeviceAccess } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import type { Host } from '@wgq/model/host'
import type { Handler } from '../command.ts'
import { jsonText } from '../json-text.ts'
import { type DeviceEvent, deviceEvents } from '../observe/device-events.ts'
import { EndpointWatch } from '../observe/endpoint-watch.ts'
import { ExpiryWatch } from '../observe/expiry-watch.ts'
import { pause, untilSignal } from '../observe/pause.ts'
import { realOutside } from '../observe/reachable.ts'
import { nameMap, namesOf, readChosen } from '../observe/tunnels.ts'
import { numberValue, type ParsedArguments, parseArguments } from '../options.ts'
import { writeOut } from '../output.ts'

/** wgq watch [IF…] [--interval SECONDS] [--reresolve|--follow]: prints events as JSON lines until it is stopped. */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments(invocation)
  const follow = parsed.flags.has('follow')
  // Followed interfaces report changes by events, so a long interval is enough.
  const intervalSeconds = numberValue(parsed, 'interval', 0.1) ?? (follow ? 60 : 1)
  const followers = follow ? await followersOf(parsed) : undefined
  const devices = openDevices()
  const stop = untilSignal()
  const expiry = process.geteuid?.() === 0 ? new ExpiryWatch() : undefined
  const host = await openHost()
  const endpoints = parsed.flags.has('reresolve') ? new EndpointWatch(devices, realOutside(host)) : undefined
  let before = new Map<string, Device>()
  let beforeIndices: ReadonlyMap<string, number | undefined> = new Map()
  let beforeSeconds = wallSeconds()
  while (!stop.aborted) {
    const nowSeconds = wallSeconds()
    const now = await look(devices, parsed.operands, before)
    const indices = await indicesOf(host, now.keys())
    const tell = (old: Device | undefined, device: Device | undefined) => {
      for (const event of deviceEvents(old, device, beforeSeconds, nowSeconds)) print(event, nowSeconds)
    }
    for (const name of new Set([...before.keys(), ...now.keys()])) {
      const [oldIndex, index] = [beforeIndices.get(name), indices.get(name)]
      // Between two looks it went and came again under the same name.
      const isAnother = oldIndex !== undefined && index !== undefined && oldIndex !== index
      if (isAnother) tell(before.get(name), undefined)
      tell(isAnother ? undefined : before.get(name), now.get(name))
    }
    for (const name of now.keys())
      for (const event of expiry?.act(name, Date.now()) ?? []) print(event, nowSeconds)
    await followers?.act(indices)
    if (endpoints)
      for (const device of now.values())
        for (const moved of await endpoints.follow(device)) print(moved, nowSeconds)
    before = now
    beforeIndices = indices
    beforeSeconds = nowSeconds
    if (followers) await followers.wait(intervalSeconds, stop)
    else await pause(intervalSeconds, stop)
  }
  followers?.close()
  host.close()
  return 0
}

/** Loads the followers on demand. Raises `E_USAGE` without an interface, because each has its own file. */
const followersOf = async ({ operands, flags }: ParsedArguments) => {
  if (operands.length === 0)
    throw new WgqError('E_USAGE', '--follow takes the interfaces to follow', {
      hint: 'wgq watch --follow wg0',
    })
  const { Followers } = await import('../follow/followers.ts')
  return new Followers(operands, flags.has('follow-file'))
}

/** The devices now. One that cannot be read counts as it was before: it is not gone. */
const look = async (
  devices: DeviceAccess,
  asked: readonly string[],
  before: ReadonlyMap<string, Device>,
): Promise<Map<string, Device>> => {
  const unread: Device[] = []
  const found = await readChosen(devices, asked, (name) => {
    const device = before.get(name)
    if (device) unread.push(device)
  })
  return new Map([...found, ...unread].map((device) => [device.name, device]))
}

/** The index of each interface; undefined where it is in another network namespace. */
const indicesOf = async (
  host: Host,
  names: Iterable<string>,
): Promise<ReadonlyMap<string, number | undefined>> => {
  const indices = new Map<string, number | undefined>()
  for (const name of names) indices.set(name, (await host.link(name))?.index)
  return indices
}

const print = (event: DeviceEvent, timeSeconds: number): void => {
  const name = 'peer' in event ? nameMap(namesOf(event.interface)).get(event.peer) : undefined
  writeOut(`${jsonText({ time: timeSeconds, ...event, ...(name === undefined ? {} : { name }) }, 0)}\n`)
}

const wallSeconds = (): number => Math.floor(Date.now() / 1000)
