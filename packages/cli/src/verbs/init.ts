// SPDX-License-Identifier: MIT
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { openHost } from '@wgq/backends/host'
import { checkConfiguration } from '@wgq/config/check'
import { configDirectories } from '@wgq/config/locate'
import { generatePrivateKey } from '@wgq/keys/generate'
import { errnoText } from '@wgq/model/errno'
import { WgqError } from '@wgq/model/error'
import type { Host } from '@wgq/model/host'
import { rerunAsRoot } from '../as-root.ts'
import type { Handler } from '../command.ts'
import { givenSettings } from '../init/settings.ts'
import { freeNetworks, freePort, nameServers } from '../init/surroundings.ts'
import { type ParsedArguments, parseArguments } from '../options.ts'
import { writeErr, writeOut } from '../output.ts'
import { endpointCandidates, fullEndpoint } from '../peer/endpoint.ts'

/** wgq init IF: writes a server's first file. Raises `E_EXISTS` if there is one, and `E_USAGE` for an invalid name. */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments(invocation)
  const path = pathOf(parsed.operands[0] as string)
  const elsewhere = path.startsWith(`${home()}/`) ? rerunAsRoot(invocation) : undefined
  if (elsewhere) return elsewhere
  const host = await openHost()
  try {
    const text = await firstFile(host, path, parsed)
    await checkConfiguration(text, path)
    create(path, text)
    const tunnel = path === `${home()}/${basename(path)}` ? basename(path, '.conf') : path
    writeOut(`[+] ${path}\nNext:\n  wgq up ${tunnel}\n  wgq peer add ${tunnel} phone --qr\n`)
    if (!/^# ClientEndpoint/m.test(text))
      writeErr(
        'wgq: no address of this machine is reachable from the internet: `wgq peer add` asks where clients find it\n',
      )
    return 0
  } finally {
    host.close()
  }
}

const home = (): string => configDirectories(process.platform).at(-1) as string

/** The path of the file for a name, or the path itself. */
const pathOf = (operand: string): string => {
  const name = basename(operand, '.conf')
  if (!/^[a-zA-Z0-9_=+.-]{1,15}$/.test(name) || /^(?:\.{1,2}|\.conf)$/.test(name))
    throw new WgqError('E_USAGE', `${JSON.stringify(name)} is not a name of an interface`, {
      hint: 'use 1 to 15 letters, digits and _ = + . -',
    })
  // Linux has no interface with the first two names; `wg show` reads the first and the last as words of its own.
  if (['all', 'default', 'interfaces'].includes(name))
    throw new WgqError('E_USAGE', `An interface cannot be called "${name}": the word means something else`, {
      hint: 'choose another name, for example wg0',
    })
  if (!operand.includes('/')) return `${home()}/${name}.conf`
  return operand.endsWith('.conf') ? operand : `${operand}.conf`
}

const firstFile = async (host: Host, path: string, parsed: ParsedArguments): Promise<string> => {
  const given = givenSettings(parsed)
  const addresses = given.addresses ?? (await freeNetworks(host, dirname(path)))
  const port = given.port ?? (await freePort(dirname(path)))
  const seen = (await endpointCandidates(host, basename(path, '.conf'))).find(({ isPrivate }) => !isPrivate)
  const endpoint = given.endpoint ?? seen?.address
  const dns = given.dns ?? (given.nat === undefined ? undefined : nameServers())
  const lines: ReadonlyArray<string | undefined> = [
    '[Interface]',
    `PrivateKey = ${generatePrivateKey()}`,
    `Address = ${addresses.join(', ')}`,
    `ListenPort = ${port}`,
    given.nat === undefined ? undefined : `# Masquerade = ${given.nat}`,
    endpoint === undefined ? undefined : `# ClientEndpoint = ${fullEndpoint(endpoint, port)}`,
    dns === undefined ? undefined : `# ClientDNS = ${dns}`,
    '# ClientKeepalive = 25',
  ]
  return `${lines.filter((line) => line !== undefined).join('\n')}\n`
}

/** Creates a file unless it exists: it appears with its content or not at all. Raises `E_EXISTS`, `E_WRITE`. */
const create = (path: string, text: string): void => {
  const beside = `${path}.wgq-new.${process.pid}`
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeFileSync(beside, text, { mode: 0o600, flag: 'wx', flush: true })
    linkSync(beside, path)
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? 'EIO'
    if (errno === 'EEXIST')
      throw new WgqError('E_EXISTS', `\`${path}' is there already and stays as it is`, {
        hint: `\`wgq peer add ${basename(path, '.conf')} NAME\` adds a peer to it; another name makes another tunnel`,
        cause,
      })
    throw new WgqError('E_WRITE', `\`${path}' cannot be written: ${errnoText(errno)}`, { errno, cause })
  } finally {
    rmSync(beside, { force: true })
  }
}
