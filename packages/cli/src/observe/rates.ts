// SPDX-License-Identifier: MIT
import type { Device } from '@wgq/model/device'
import type { Key } from '@wgq/model/key'
import { staleAfterSeconds } from './device-events.ts'
import { pause } from './pause.ts'

/** Bytes per second. */
export interface Rate {
  readonly down: number
  readonly up: number
}

const intervalSeconds = 0.5

/** Whether the last handshake of a peer is younger than the lifetime of a session. */
export const isSeen = ({ lastHandshake }: Device['peers'][number], nowSeconds: number): boolean =>
  lastHandshake.seconds > BigInt(nowSeconds - staleAfterSeconds)

/**
 * Measures the current rates of all peers of some devices, by interface and key, from two samples half a second apart.
 * Takes no second sample of a device if none of its peers has a recent handshake, because no traffic can flow.
 */
export const measureRates = async (
  devices: readonly Device[],
  again: (name: string) => Promise<Device | undefined>,
): Promise<ReadonlyMap<string, Rate>> => {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const busy = devices.filter(({ peers }) => peers.some((peer) => isSeen(peer, nowSeconds)))
  const rates = new Map<string, Rate>()
  if (busy.length === 0) return rates
  const begun = performance.now()
  await pause(intervalSeconds)
  for (const before of busy) {
    const after = await again(before.name)
    const seconds = (performance.now() - begun) / 1000
    const old = new Map(before.peers.map((peer) => [peer.publicKey, peer]))
    for (const peer of after?.peers ?? []) {
      const was = old.get(peer.publicKey)
      if (!was) continue
      const perSecond = (now: bigint, then: bigint): number => Math.max(0, Number(now - then)) / seconds
      rates.set(rateKey(before.name, peer.publicKey), {
        down: perSecond(peer.rxBytes, was.rxBytes),
        up: perSecond(peer.txBytes, was.txBytes),
      })
    }
  }
  return rates
}

/** Key of a peer in the result of {@link measureRates}. */
export const rateKey = (interfaceName: string, publicKey: Key): string => `${interfaceName} ${publicKey}`
