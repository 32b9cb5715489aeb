// SPDX-License-Identifier: MIT
import type { Hooks, Settings } from '@wgq/config/settings'
import { type Endpoint, formatEndpoint } from '@wgq/model/endpoint'
import type { Key } from '@wgq/model/key'
import { mentionedBy } from '../state/mentioned.ts'
import { endpointNames } from './endpoint-names.ts'
import type { Configured } from './journal.ts'

/** What the journal keeps of an applied configuration; `peers` are those of the device afterwards, or of the change. */
export const configuredBy = (
  settings: Settings,
  peers: readonly { readonly publicKey: Key; readonly endpoint?: Endpoint }[],
): Configured => {
  const { hasInterface: _, ...mentioned } = mentionedBy(settings)
  const names = endpointNames(settings.wgConfig, peers)
  return {
    endpoints: Object.fromEntries(
      peers.flatMap(({ publicKey, endpoint }) => (endpoint ? [[publicKey, formatEndpoint(endpoint)]] : [])),
    ),
    dnsServers: settings.dnsServers.map(({ value }) => value),
    dnsSearch: settings.dnsSearch.map(({ value }) => value),
    ...(Object.keys(names).length > 0 ? { names } : {}),
    ...mentioned,
    hooks: hooksDigest(settings.hooks),
  }
}

/** SHA-256 of `[[],[],[],[]]`: no hooks at all. */
const digestOfNone = '210e130878aabaf46f1fe72749a263f9eb71c6a262b80f13882ed08d472c0ecd'

/** A digest that differs between different hooks. */
export const hooksDigest = (hooks: Hooks): string => {
  const texts = [hooks.preUp, hooks.postUp, hooks.preDown, hooks.postDown].map((list) =>
    list.map(({ value }) => value),
  )
  if (texts.every((list) => list.length === 0)) return digestOfNone
  // Not loaded for most configurations, which have no hooks: it takes milliseconds.
  const { createHash } = process.getBuiltinModule('node:crypto')
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex')
}
