// SPDX-License-Identifier: MIT
import { dropIns } from '@wgq/config/drop-ins'
import type { Device, DeviceAccess, Peer } from '@wgq/model/device'
import { type Endpoint, formatEndpoint } from '@wgq/model/endpoint'
import { isWgqError } from '@wgq/model/error'
import { parseIp } from '@wgq/model/ip'
import type { Key } from '@wgq/model/key'
import { configPathOf } from './config-path.ts'
import type { DeviceEvent } from './device-events.ts'
import { type HostPort, type PeerCandidates, readCandidates } from './endpoint-candidates.ts'
import { FileMemo } from './file-memo.ts'
import { type Outside, reachableEndpoints } from './reachable.ts'
import {
  afterDoubt,
  afterLookup,
  freshReresolve,
  isDoubtful,
  moved,
  nextLookSeconds,
  type ReresolveState,
  seen,
  wantsLookup,
} from './reresolve.ts'

/** An endpoint set for a peer, and the name that resolves to its address. */
export interface NamedEndpoint {
  readonly publicKey: Key
  readonly host: string
  readonly endpoint: Endpoint
}

/** Keeps the endpoints of peers in line with the names in their configuration files. */
export class EndpointWatch {
  private readonly devices: DeviceAccess
  private readonly outside: Outside
  private readonly states = new Map<string, ReresolveState>()
  /** Peers with a name, several candidates or a translated address. */
  private readonly movable = new Set<string>()
  private readonly named = new FileMemo(readCandidates)
  private readonly now: () => number
  private found: NamedEndpoint[] = []

  /** `now` returns seconds of a monotonic clock. */
  constructor(devices: DeviceAccess, outside: Outside, now = () => performance.now() / 1000) {
    this.devices = devices
    this.outside = outside
    this.now = now
  }

  /**
   * Resolves names that are due and sets endpoints that changed: `wg set IF peer KEY endpoint E`. Returns the changes.
   * A name that cannot be resolved now is tried again later; a device that vanishes meanwhile is not an error.
   * `networkChanged`: replaces endpoints without a route at once. `silences`: seconds for which each peer has owed an
   * answer, from a data plane that reports this.
   */
  async follow(
    device: Device,
    networkChanged = false,
    silences?: ReadonlyMap<Key, number>,
  ): Promise<DeviceEvent[]> {
    const events: DeviceEvent[] = []
    const peers = new Map(device.peers.map((peer) => [peer.publicKey, peer]))
    for (const { publicKey, candidates } of this.candidatesOf(device.name)) {
      const peer = peers.get(publicKey)
      const silentSeconds = silences && (silences.get(publicKey) ?? 0)
      const next = peer && (await this.next(device, peer, candidates, networkChanged, silentSeconds))
      if (!next) continue
      const { endpoint, host } = next
      try {
        await this.devices.change(device.name, { peers: [{ publicKey, updateOnly: true, endpoint }] })
        if (host !== undefined) this.found.push({ publicKey, host, endpoint })
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

  /** Returns the endpoints set by name since the last call. */
  takeFound(): readonly NamedEndpoint[] {
    return this.found.splice(0)
  }

  /** Keys of peers without an endpoint whose file names one. */
  waiting(device: Device): Peer['publicKey'][] {
    const named = new Set(this.candidatesOf(device.name).map(({ publicKey }) => publicKey))
    return device.peers.flatMap(({ publicKey, endpoint }) =>
      endpoint === undefined && named.has(publicKey) ? [publicKey] : [],
    )
  }

  /** Seconds until the next useful check of a device; undefined while all of its peers answer. */
  nextLookSeconds(device: Device): number | undefined {
    const waits = device.peers.flatMap((peer) => {
      const state = this.states.get(idOf(device, peer))
      const mayMove = this.movable.has(idOf(device, peer))
      return state === undefined
        ? []
        : (nextLookSeconds(state, this.now(), { ...traits(peer), mayMove }) ?? [])
    })
    return waits.length === 0 ? undefined : Math.min(...waits)
  }

  private candidatesOf(interfaceName: string): readonly PeerCandidates[] {
    try {
      const path = configPathOf(interfaceName)
      return [path, ...dropIns(path)].flatMap((part) => this.named.get(part))
    } catch (error) {
      if (isWgqError(error)) return []
      throw error
    }
  }

  private async next(
    device: Device,
    peer: Peer,
    candidates: readonly HostPort[],
    networkChanged: boolean,
    silentSeconds: number | undefined,
  ): Promise<{ readonly endpoint: Endpoint; readonly host: string | undefined } | undefined> {
    const id = idOf(device, peer)
    const now = this.now()
    const known = this.states.get(id) ?? freshReresolve
    const state = seen(networkChanged ? moved(known) : known, now, peer, silentSeconds)
    this.states.set(id, state)
    const { endpoint: current } = peer
    const isNamed = mayMove(candidates, current)
    if (isNamed) this.movable.add(id)
    else this.movable.delete(id)
    const isCutOff =
      networkChanged &&
      current !== undefined &&
      !(await this.outside.hasRoute(current.address, device.fwmark))
    const isDead = isCutOff || wantsLookup(state, now, traits(peer))
    const isDoubted =
      isNamed && (isDoubtful(state, now) || (networkChanged && isTranslated(candidates, current)))
    if (!isDead && !(current && isDoubted)) return undefined
    const ways = await reachableEndpoints(candidates, device.fwmark, this.outside)
    const chosen =
      isDead || !current ? afterLookup(state, now, ways, current) : afterDoubt(state, now, ways, current)
    const { endpoint } = chosen
    // A translator that was not found now may be there still.
    const isWorse = !isDead && endpoint && !(await this.outside.hasRoute(endpoint.address, device.fwmark))
    this.states.set(
      id,
      isWorse ? { ...state, lookup: { at: now, ttlSeconds: ways.ttlSeconds } } : chosen.state,
    )
    if (isWorse) return undefined
    return endpoint && { endpoint, host: ways.names?.get(formatEndpoint(endpoint)) }
  }
}

const mayMove = (candidates: readonly HostPort[], current: Endpoint | undefined): boolean =>
  candidates.length > 1 || candidates.some(({ host }) => !parseIp(host)) || isTranslated(candidates, current)

/** An IPv6 endpoint of a peer whose addresses are all IPv4: another network has another translator, or none. */
const isTranslated = (candidates: readonly HostPort[], current: Endpoint | undefined): boolean =>
  current?.family === 6 && candidates.every(({ host }) => parseIp(host)?.length === 4)

const idOf = ({ name }: Device, { publicKey }: Peer): string => `${name} ${publicKey}`

const traits = ({ endpoint, lastHandshake }: Peer) => ({
  hasEndpoint: endpoint !== undefined,
  shookHands: lastHandshake.seconds !== 0n,
})
