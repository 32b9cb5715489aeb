// SPDX-License-Identifier: MIT
import { readConfigFile } from '@wgq/config/config-file'
import { type Document, parseDocument } from '@wgq/config/document'
import { publicKeyOf } from '@wgq/config/names'
import { commentOf, isComment, outline, type Section } from '@wgq/config/outline'
import { endpointParts } from '@wgq/config/wg/endpoint'
import type { Key } from '@wgq/model/key'

/** `HOST:PORT` as written in a file; the host is a name or an address, without brackets. */
export interface HostPort {
  readonly host: string
  readonly port: number
}

/** The possible endpoints of a peer: its Endpoint, then its `# EndpointFallback = HOST:PORT` lines in order. */
export interface PeerCandidates {
  readonly publicKey: Key
  readonly candidates: readonly HostPort[]
}

/** The peers of a configuration file that have an endpoint. Raises `E_CONFIG_…`. */
export const readCandidates = (path: string): PeerCandidates[] => {
  const document = parseDocument(readConfigFile(path).text)
  return outline(document).flatMap((section) => {
    const publicKey = section.kind === 'peer' ? publicKeyOf(section) : undefined
    if (publicKey === undefined) return []
    const endpoint = section.entries.filter(({ key }) => key === 'endpoint').at(-1)?.value.text
    const texts = [...(endpoint === undefined ? [] : [endpoint]), ...fallbacks(document, section)]
    const candidates = texts.flatMap((text) => hostPort(text) ?? [])
    return candidates.length === 0 ? [] : [{ publicKey, candidates }]
  })
}

const fallbacks = ({ lines }: Document, section: Section): string[] =>
  lines.slice(section.start, section.end).flatMap(({ text }) => {
    const comment = isComment(text) ? commentOf(text)?.text : undefined
    return /^#+\s*EndpointFallback\s*=\s*(.+)$/i.exec(comment ?? '')?.[1] ?? []
  })

/** Parses `host:port` or `[address]:port` with a port in digits; undefined for anything else. */
const hostPort = (text: string): HostPort | undefined => {
  const { host = '', port: digits = '' } = endpointParts(text) ?? {}
  const port = /^[0-9]{1,5}$/.test(digits) ? Number(digits) : 0
  return host !== '' && port > 0 && port < 65536 ? { host, port } : undefined
}
