// SPDX-License-Identifier: MIT
import { parseDocument } from '@wgq/config/document'
import { publicKeyOf } from '@wgq/config/names'
import { outline } from '@wgq/config/outline'
import type { Endpoint } from '@wgq/model/endpoint'
import { parseIp } from '@wgq/model/ip'
import type { Key } from '@wgq/model/key'

/** The current addresses of endpoint names: of the peers of a configuration whose endpoint is a name. */
export const endpointNames = (
  wgConfig: string,
  peers: readonly { readonly publicKey: Key; readonly endpoint?: Endpoint }[],
): Record<string, string> => {
  // Most files have addresses only.
  if (!/^\s*endpoint\s*=\s*[^[\s]*[g-z]/im.test(wgConfig)) return {}
  const addresses = new Map(peers.map(({ publicKey, endpoint }) => [publicKey, endpoint?.address]))
  return Object.fromEntries(
    outline(parseDocument(wgConfig)).flatMap((section) => {
      const key = section.kind === 'peer' ? publicKeyOf(section) : undefined
      const text = section.entries.filter((entry) => entry.key === 'endpoint').at(-1)?.value.text ?? ''
      const host = /^(.+):[^:]*$/.exec(text.replace(/\s+/g, ''))?.[1]
      const address = key && addresses.get(key)
      return host === undefined || host.startsWith('[') || parseIp(host) || address === undefined
        ? []
        : [[host, address] as const]
    }),
  )
}
