// SPDX-License-Identifier: MIT
import type { Settings } from '@wgq/config/settings'
import { type Endpoint, formatEndpoint } from '@wgq/model/endpoint'
import type { Key } from '@wgq/model/key'
import type { Configured } from './journal.ts'

/** What the journal keeps of an applied configuration; `peers` are those of the device right after, or of the change. */
export const configuredBy = (
  settings: Settings,
  peers: readonly { readonly publicKey: Key; readonly endpoint?: Endpoint }[],
): Configured => ({
  endpoints: Object.fromEntries(
    peers.flatMap(({ publicKey, endpoint }) => (endpoint ? [[publicKey, formatEndpoint(endpoint)]] : [])),
  ),
  dnsServers: settings.dnsServers.map(({ value }) => value),
  dnsSearch: settings.dnsSearch.map(({ value }) => value),
})
