// SPDX-License-Identifier: MIT
import { readConfigFile } from '@wgq/config/config-file'
import { checkEncoding } from '@wgq/config/encoding'
import { locate, worldAccessibleWarning } from '@wgq/config/locate'
import { joinParts, readParts } from '@wgq/config/parts'
import { encodeSource, type Source } from '@wgq/config/source'
import { strip } from '@wgq/config/strip'
import { WgqError } from '@wgq/model/error'
import type { Handler, Personality } from '../command.ts'
import { writeErr, writeOutBytes } from '../output.ts'
import { withoutDashes } from '../without-dashes.ts'

/**
 * wg-quick strip NAME|FILE: prints the configuration for `wg setconf`; under wgq's name with its drop-ins. On the
 * start-up fast path: all imports are small and do nothing when loaded. Raises `E_USAGE` and the errors of finding and
 * reading the file.
 */
export const run: Handler = async ({ args: words, personality }) => {
  const args = personality === 'wgq' ? withoutDashes(words) : words
  const [argument] = args
  if (argument === undefined || args.length > 1) {
    throw new WgqError('E_USAGE', `strip takes one interface name or file, found ${args.length} arguments`, {
      hint: 'wgq strip wg0',
    })
  }
  const location = locate(argument)
  if (location.worldAccessible) writeErr(`${worldAccessibleWarning(location.path)}\n`)
  const source = readConfigFile(location.path)
  writeOutBytes(
    encodeSource({ ...source, text: strip(textOf(source, location.path, personality), location.path) }),
  )
  return 0
}

/** Upstream knows no drop-ins, and passes on what wg cannot read. */
const textOf = (source: Source, path: string, personality: Personality): string => {
  if (personality !== 'wgq') return source.text
  checkEncoding(source.text, path)
  return joinParts(readParts(path, source))
}
