// SPDX-License-Identifier: MIT
import { type Implementation, subject, wireguardGo } from './implementation.ts'
import { Tunnel } from './tunnel.ts'

/** Who begins a tunnel between ours and Debian's wireguard-go, and over what. */
interface Combination {
  readonly initiator: Implementation
  readonly responder: Implementation
  readonly outer: 4 | 6
  readonly psk: boolean
}

/** Both roles, over IPv4 and IPv6, with and without a preshared key. */
export const combinations: readonly Combination[] = ([4, 6] as const).flatMap((outer) =>
  [true, false].flatMap((psk) => [
    { initiator: subject, responder: wireguardGo, outer, psk },
    { initiator: wireguardGo, responder: subject, outer, psk },
  ]),
)

/** The name of a combination in a report. */
export const combinationName = (one: Combination): string =>
  `${one.initiator.name} to ${one.responder.name} over IPv${one.outer}${one.psk ? ' with a preshared key' : ''}`

/** Opens the tunnel of a combination; the caller removes it. */
export const openCombination = (one: Combination): Promise<Tunnel> =>
  Tunnel.open({
    label: 'interop',
    implementations: [one.initiator, one.responder],
    outer: one.outer,
    psk: one.psk,
    // The responder learns the endpoint, so that the roles are certain.
    knows: [true, false],
  })
