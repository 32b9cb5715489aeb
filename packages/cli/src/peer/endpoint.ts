// SPDX-License-Identifier: MIT
import { isatty } from 'node:tty'
import { splitEndpoint, strangeInHost } from '@wgq/config/wg/endpoint'
import { type Cidr, covers, parseCidr } from '@wgq/model/cidr'
import { WgqError } from '@wgq/model/error'
import type { Host } from '@wgq/model/host'
import { parseIp } from '@wgq/model/ip'

/** A possible endpoint address of this server, from an interface with a default route. */
interface Candidate {
  readonly address: string
  readonly dev: string
  /** Not directly reachable from the internet: a router is in between. */
  readonly isPrivate: boolean
}

/** The addresses of the uplinks, public ones first. `without` is the tunnel itself. */
export const endpointCandidates = async (host: Host, without: string): Promise<Candidate[]> => {
  const found: Candidate[] = []
  for (const family of [4, 6] as const) {
    const routes = await host.routes({ family })
    const uplinks = new Set(routes.flatMap(({ dst, dev }) => (dst.prefixLength === 0 && dev ? [dev] : [])))
    for (const dev of uplinks) {
      if (dev === without) continue
      for (const { cidr, scope } of await host.addresses(dev, family))
        if (scope === 'global') found.push({ address: cidr.address, dev, isPrivate: isPrivate(cidr) })
    }
  }
  return found.sort((a, b) => Number(a.isPrivate) - Number(b.isPrivate))
}

/**
 * Completes a user's endpoint to `HOST:PORT`; `port` is the interface's port, 0 or undefined if it is not fixed. Raises
 * `E_ENDPOINT`.
 */
export const fullEndpoint = (text: string, port: number | undefined): string => {
  const trimmed = text.trim()
  const host = parseIp(trimmed)?.length === 16 ? `[${trimmed}]` : trimmed
  const hasPort = /^(?:\[[^\]]*\]|[^:]*):[^:]*$/.test(host)
  if (!hasPort && !port)
    throw new WgqError('E_ENDPOINT', 'The interface has no port that stays the same', {
      hint: 'write `ListenPort = 51820` into the file, or give the endpoint with its port',
    })
  const endpoint = hasPort ? host : `${host}:${port}`
  const fault = endpointFault(endpoint)
  if (fault === undefined) return endpoint
  throw new WgqError('E_ENDPOINT', `${JSON.stringify(text)} is not an endpoint: ${fault}`, {
    hint: 'write a host name or an address, and a port behind a colon: vpn.example.net:51820',
  })
}

/**
 * Asks on the terminal for the endpoint of clients if no setting has it. Raises `E_ENDPOINT`, with the addresses of the
 * uplinks, if there is no terminal, and when `stop` ends the question.
 */
export const askEndpoint = async (
  candidates: readonly Candidate[],
  tunnel: string,
  stop: AbortSignal,
): Promise<string> => {
  if (isatty(0) && isatty(2)) return question(candidates, stop)
  const seen = candidates.map(describe).join(', ')
  throw new WgqError('E_ENDPOINT', 'Where clients find this server is not known', {
    hint: `give --endpoint HOST, or write \`# ClientEndpoint = HOST\` into the [Interface] section of ${tunnel}; ${
      seen === '' ? 'no interface with a default route has an address' : `the uplink has ${seen}`
    }`,
  })
}

const question = async (candidates: readonly Candidate[], stop: AbortSignal): Promise<string> => {
  const { createInterface } = process.getBuiltinModule('node:readline/promises')
  const [first] = candidates
  const list = candidates.map((candidate) => `  ${describe(candidate)}\n`).join('')
  const preset = first === undefined ? '' : ` [${first.address}]`
  const abort = new AbortController()
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  lines.on('SIGINT', () => abort.abort())
  lines.on('close', () => abort.abort())
  stop.addEventListener('abort', () => abort.abort())
  try {
    const answer = await lines.question(
      `${list === '' ? '' : `Addresses of this machine:\n${list}`}Where do clients find this server (host name or address)?${preset} `,
      { signal: abort.signal },
    )
    const chosen = answer.trim() || first?.address
    if (chosen !== undefined) return chosen
  } catch {
    // Treat Ctrl-C or the end of the input as no answer.
  } finally {
    lines.close()
  }
  throw new WgqError('E_ENDPOINT', 'Nothing was entered; nothing was changed')
}

const describe = ({ address, dev, isPrivate }: Candidate): string =>
  `${address} (${dev}${isPrivate ? ', private: forward the port on the router and give its address' : ''})`

const privateNetworks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'].map(
  (text) => parseCidr(text) as Cidr,
)
const isPrivate = (cidr: Cidr): boolean =>
  privateNetworks.some((network) => covers(network, { ...cidr, prefixLength: cidr.family === 4 ? 32 : 128 }))

const endpointFault = (endpoint: string): string | undefined => {
  try {
    const { host, port } = splitEndpoint(endpoint)
    const strange = strangeInHost(host)
    if (strange !== undefined) return `no host name has ${JSON.stringify(strange)} in it`
    return /^\d+$/.test(port) && Number(port) > 0 && Number(port) < 65536 ? undefined : 'a port is 1 to 65535'
  } catch {
    return 'host or port is missing'
  }
}
