// SPDX-License-Identifier: MIT
import { parseDocument, printDocument } from '@wgq/config/document'
import { Edit } from '@wgq/config/edit'
import { saveDevice } from '@wgq/config/save-edit'
import type { Source } from '@wgq/config/source'
import { endpointParts } from '@wgq/config/wg/endpoint'
import { strictPort } from '@wgq/config/wg/port'
import type { Device } from '@wgq/model/device'
import type { Endpoint } from '@wgq/model/endpoint'
import { parseEndpoint } from '@wgq/model/endpoint'
import { parseIp } from '@wgq/model/ip'

/** All addresses of a host name; undefined if it cannot be resolved. */
type Resolve = (host: string) => Promise<readonly string[] | undefined>

/** The running state, for {@link savedInPlace}. */
export interface Running {
  readonly device: Device
  /** `ADDRESS/LENGTH`; absent leaves the Address lines alone. */
  readonly addresses?: readonly string[]
  /** Present when the file sets one. */
  readonly mtu?: number | undefined
  /** The file is about peers only: no interface values are written into it. */
  readonly peersOnly?: boolean
  /** Values that the file gets even if it has none; see {@link saveDevice}. */
  readonly adds?: { readonly listenPort?: boolean; readonly fwmark?: boolean }
}

/**
 * The configuration file with the running state written into it. Comments, order, DNS and hooks stay; so does a host
 * name that resolves to the live endpoint, or that cannot be resolved now.
 */
export const savedInPlace = async (
  source: Source,
  running: Running,
  resolve: Resolve = ask,
): Promise<Source> => {
  const document = parseDocument(source.text)
  const hosts = hostNames(new Edit(document))
  const known = new Map(await Promise.all(hosts.map(async (host) => [host, await resolve(host)] as const)))
  const sameEndpoint = (text: string, live: Endpoint): boolean => {
    const endpoint = endpointParts(text)
    if (!endpoint || strictPort()(endpoint.port) !== live.port) return false
    return known.get(endpoint.host)?.includes(live.address) ?? true
  }
  const saved = saveDevice(document, running.device, {
    ...(running.addresses && { addresses: running.addresses }),
    ...(running.peersOnly && { peersOnly: true }),
    ...(running.adds && { adds: running.adds }),
    sameEndpoint,
  })
  const edit = new Edit(saved)
  if (running.mtu !== undefined) edit.set('interface', 'MTU', String(running.mtu))
  return { ...source, text: printDocument(edit.finish()) }
}

const hostNames = (edit: Edit): string[] => {
  const hosts = edit.peers().flatMap((key) => {
    const text = edit.get(key, 'Endpoint') ?? ''
    const endpoint = parseEndpoint(text) ? undefined : endpointParts(text)
    return endpoint && !parseIp(endpoint.host) ? [endpoint.host] : []
  })
  return [...new Set(hosts)]
}

const ask: Resolve = async (host) => {
  try {
    return (await process.getBuiltinModule('node:dns/promises').lookup(host, { all: true })).map(
      ({ address }) => address,
    )
  } catch {
    return undefined
  }
}
