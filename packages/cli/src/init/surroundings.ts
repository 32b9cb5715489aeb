// SPDX-License-Identifier: MIT
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { readConfigFile } from '@wgq/config/config-file'
import { parseDocument } from '@wgq/config/document'
import { Edit } from '@wgq/config/edit'
import { type Cidr, covers, formatCidr, maskCidr, parseCidr } from '@wgq/model/cidr'
import { isWgqError } from '@wgq/model/error'
import type { Host } from '@wgq/model/host'

const usualPort = 51820

/**
 * Chooses server addresses in a private network of each family that no interface, route or other file uses: 10.N.0.1/24
 * (RFC 1918) and a random /64 (RFC 4193).
 */
export const freeNetworks = async (host: Host, directory: string): Promise<string[]> => {
  const routes = await host.routes({ family: 4 })
  const used = [
    ...Object.values(networkInterfaces()).flatMap((all) =>
      (all ?? []).flatMap(({ cidr }) => parse(cidr ?? '')),
    ),
    ...routes.map(({ dst }) => dst).filter(({ prefixLength }) => prefixLength > 0),
    ...tunnelFiles(directory).flatMap((edit) => edit.list('interface', 'Address').flatMap(parse)),
  ].map(maskCidr)
  const isFree = (network: Cidr): boolean =>
    !used.some((other) => covers(other, network) || covers(network, other))
  const free = Array.from({ length: 248 }, (_, at) => parse(`10.${at + 8}.0.0/24`)[0] as Cidr).find(isFree)
  const six = `fd${randomBytes(5).toString('hex')}`.replace(/(.{4})(?=.)/g, '$1:')
  return [...(free ? [formatCidr(free).replace('.0/24', '.1/24')] : []), `${six}::1/64`]
}

/** 51820, or the next UDP port that no program or other file uses. */
export const freePort = async (directory: string): Promise<number> => {
  const used = new Set(tunnelFiles(directory).map((edit) => Number(edit.get('interface', 'ListenPort'))))
  for (let port = usualPort; port < 65_536; port++) if (!used.has(port) && (await canBind(port))) return port
  return usualPort
}

/** The name servers of this machine that its clients can use too, as a list for DNS; undefined if there are none. */
export const nameServers = (): string | undefined => {
  for (const path of ['/run/systemd/resolve/resolv.conf', '/etc/resolv.conf']) {
    const servers = [...textOf(path).matchAll(/^\s*nameserver\s+(\S+)/gm)]
      .map(([, server = '']) => server)
      .filter((server) => !/^(?:127\.|::1$|fe80:|169\.254\.)/i.test(server) && parse(server).length > 0)
    if (servers.length > 0) return servers.join(', ')
  }
  return undefined
}

const tunnelFiles = (directory: string): Edit[] => {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.conf'))
      .map((name) => new Edit(parseDocument(readConfigFile(`${directory}/${name}`).text)))
  } catch (error) {
    if (isWgqError(error) || (error as NodeJS.ErrnoException).code !== undefined) return []
    throw error
  }
}

const canBind = async (port: number): Promise<boolean> => {
  const socket = createSocket({ type: 'udp4' })
  try {
    socket.bind(port)
    await once(socket, 'listening')
    return true
  } catch {
    return false
  } finally {
    socket.close()
  }
}

const parse = (text: string): Cidr[] => [parseCidr(text)].filter((cidr) => cidr !== undefined)

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
