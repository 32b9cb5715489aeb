// SPDX-License-Identifier: MIT
import { readConfigFile } from '@wgq/config/config-file'
import { dropIns } from '@wgq/config/drop-ins'
import { locate, worldAccessibleWarning } from '@wgq/config/locate'
import { encodeSource } from '@wgq/config/source'
import { strip } from '@wgq/config/strip'
import { WgqError } from '@wgq/model/error'
import type { Handler } from '../command.ts'
import { writeErr, writeOutBytes } from '../output.ts'

/**
 * wg-quick strip NAME|FILE: prints the configuration for `wg setconf`; under wgq's name with its drop-ins. On the
 * start-up fast path: all imports are small and do nothing when loaded. Raises `E_USAGE` and the errors of finding and
 * reading the file.
 */
export const run: Handler = async ({ args, personality }) => {
  const [argument] = args
  if (argument === undefined || args.length > 1) {
    throw new WgqError('E_USAGE', `strip takes one interface name or file, found ${args.length} arguments`, {
      hint: 'wgq strip wg0',
    })
  }
  const location = locate(argument)
  if (location.worldAccessible) writeErr(`${worldAccessibleWarning(location.path)}\n`)
  const source = readConfigFile(location.path)
  // Upstream does not support drop-ins.
  const more = personality === 'wgq' ? dropIns(location.path).map((path) => readConfigFile(path).text) : []
  const text = more.length === 0 ? source.text : [source.text, ...more].map(ended).join('')
  writeOutBytes(encodeSource({ ...source, text: strip(text, location.path) }))
  return 0
}

const ended = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`)
