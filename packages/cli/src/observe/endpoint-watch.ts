// SPDX-License-Identifier: MIT
import { lookup } from 'node:dns/promises'
import { readConfigFile } from '@wgq/config/config-file'
import { parseDocument } from '@wgq/config/document'
import { publicKeyOf } from '@wgq/config/names'
import { outline } from '@wgq/config/outline'
import type { Device, DeviceAccess, Peer } from '@wgq/model/device'
import { type Endpoint, formatEndpoint, parseEndpoint } from '@wgq/model/endpoint'
import { isWgqError } from '@wgq/model/error'
import type { Key } from '@wgq/model/key'
import { configPathOf } from './config-path.ts'
import type { DeviceEvent } from './device-events.ts'
import { FileMemo } from './file-memo.ts'
import { afterLookup, freshReresolve, type ReresolveState, wantsLookup } from './reresolve.ts'

/** Follows peers whose Endpoint is a name, as their configuration files say. */
export class EndpointWatch {
  private readonly devices: DeviceAccess
  private readonly states = new Map<string, ReresolveState>()
  private readonly named = new FileMemo(namedEndpoints)
  private readonly since = performance.now() / 1000

  constructor(devices: DeviceAccess) {
    this.devices = devices
  }

  /**
   * Looks up again what has to be, and sets what changed: `wg set IF peer KEY endpoint E`. Returns what was set. A name that
   * cannot be resolved now is tried again later; a device that vanishes meanwhile is no error.
   */
  async follow(device: Device): Promise<DeviceEvent[]> {
    const events: DeviceEvent[] = []
    for (const { publicKey, host, port } of this.namedIn(device.name)) {
      const peer = device.peers.find((candidate) => candidate.publicKey === publicKey)
      const endpoint = peer && (await this.next(device.name, peer, host, port))
      if (!endpoint) continue
      try {
        await this.devices.change(device.name, { peers: [{ publicKey, updateOnly: true, endpoint }] })
        events.push({
          event: 'endpoint',
          interface: device.name,
          peer: publicKey,
          endpoint: formatEndpoint(endpoint),
        })
      } catch (error) {
        if (!isWgqError(error)) throw error
      }
    }
    return events
  }

  private namedIn(interfaceName: string): readonly NamedEndpoint[] {
    try {
      return this.named.get(configPathOf(interfaceName))
    } catch (error) {
      if (isWgqError(error)) return []
      throw error
    }
  }

  private async next(device: string, peer: Peer, host: string, port: number): Promise<Endpoint | undefined> {
    const id = `${device} ${peer.publicKey}`
    const now = performance.now() / 1000
    const seconds = Number(peer.lastHandshake.seconds)
    const age = seconds === 0 ? undefined : Date.now() / 1000 - seconds
    const state = this.states.get(id) ?? freshReresolve
    // A peer that never got an endpoint is not given time to shake hands first.
    const waitedSeconds = peer.endpoint ? now - this.since : Number.POSITIVE_INFINITY
    if (!wantsLookup(state, now, age, waitedSeconds)) {
      // A live session forgets the past, so that the next loss is looked up at once.
      if (age !== undefined && age < 135) this.states.delete(id)
      return undefined
    }
    const chosen = afterLookup(state, now, await addressesOf(host, port), peer.endpoint)
    this.states.set(id, chosen.state)
    return chosen.endpoint
  }
}

const addressesOf = async (host: string, port: number): Promise<Endpoint[]> => {
  try {
    const found = await lookup(host, { all: true, verbatim: true })
    return found.map(({ address, family }) => ({ family: family === 6 ? 6 : 4, address, port }))
  } catch {
    return []
  }
}

interface NamedEndpoint {
  readonly publicKey: Key
  readonly host: string
  readonly port: number
}

/** The peers of a configuration file whose Endpoint is a name. Raises `E_CONFIG_…`. */
const namedEndpoints = (path: string): NamedEndpoint[] =>
  outline(parseDocument(readConfigFile(path).text)).flatMap((section) => {
    const publicKey = section.kind === 'peer' ? publicKeyOf(section) : undefined
    const text = section.entries
      .filter(({ key }) => key === 'endpoint')
      .at(-1)
      ?.value.text.replace(/\s+/g, '')
    if (publicKey === undefined || text === undefined || parseEndpoint(text)) return []
    const colon = text.lastIndexOf(':')
    const port = Number(text.slice(colon + 1))
    return colon > 0 && Number.isInteger(port) && port > 0 && port < 65536
      ? [{ publicKey, host: text.slice(0, colon), port }]
      : []
  })
