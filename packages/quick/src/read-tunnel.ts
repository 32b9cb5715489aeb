// SPDX-License-Identifier: MIT
import { checkConfiguration } from '@wgq/config/check'
import { readConfigFile } from '@wgq/config/config-file'
import { checkEncoding } from '@wgq/config/encoding'
import type { Location } from '@wgq/config/locate'
import { joinParts, readParts } from '@wgq/config/parts'
import { readSettings } from '@wgq/config/settings'
import { encodeSource } from '@wgq/config/source'
import { exceptionsOf } from '@wgq/firewall/exceptions/directives'
import { gatewayWanted } from '@wgq/firewall/gateway/wanted'
import { wantsKillSwitch } from '@wgq/firewall/kill-switch/directive'
import { isWgqError } from '@wgq/model/error'
import { shown } from '@wgq/model/shown'
import type { Session } from './session.ts'
import { wantedSocketGroup } from './systems/data-plane-options.ts'

/** The parsed configuration file of a tunnel, and `encode`, which turns a text into the file's bytes. */
export type TunnelFile = Pick<
  Session,
  'name' | 'configPath' | 'settings' | 'killSwitch' | 'gateway' | 'exceptions'
> & {
  readonly encode: (text: string) => Buffer
}

/**
 * Reads the file of a tunnel: as wg-quick does, or in wgq's own style with drop-ins and directives; `checked` applies
 * the checks that `up` makes before it changes anything. Raises the errors of reading, parsing and checking.
 */
export const readTunnel = async (
  { interfaceName, path }: Location,
  style: Session['style'],
  checked = false,
): Promise<TunnelFile> => {
  const own = style === 'wgq'
  const source = readConfigFile(path)
  // Upstream has no drop-ins.
  const parts = own ? readParts(path, source) : [{ path, source }]
  // Whatever is done with it, other encodings would be misread.
  if (own) for (const part of parts) checkEncoding(part.source.text, part.path)
  const settings = readSettings(joinParts(parts), path)
  if (checked) {
    for (const part of parts) await checkConfiguration(part.source.text, part.path)
    wantedSocketGroup(path)
  }
  const gateway = own ? gatewayWanted(source.text, path) : undefined
  const exceptions = own ? exceptionsOf(source.text, path) : undefined
  return {
    name: interfaceName,
    configPath: path,
    settings,
    killSwitch: own && wantsKillSwitch(source.text),
    ...(gateway && { gateway }),
    ...(exceptions && { exceptions }),
    encode: (text) => encodeSource({ ...source, text }),
  }
}

/**
 * Reads what {@link readTunnel} reads, for `down`: under wgq's own name a broken file keeps no tunnel up. `print` gets
 * the reason for ignoring the file; then the notes of `up` count. Under upstream's name raises the errors of reading
 * and parsing.
 */
export const readTunnelToEnd = async (
  location: Location,
  style: Session['style'],
  print: (text: string) => void,
): Promise<TunnelFile> => {
  try {
    return await readTunnel(location, style)
  } catch (error) {
    if (style !== 'wgq' || !isWgqError(error)) throw error
    const { interfaceName, path } = location
    const place = error.at ? `${error.at.file}:${error.at.line}:${error.at.column}` : path
    print(`[!] ${place}: ${shown(error.message)}. Going by what \`up\` noted.\n`)
    return {
      name: interfaceName,
      configPath: path,
      settings: readSettings('', path),
      killSwitch: false,
      encode: Buffer.from,
    }
  }
}
