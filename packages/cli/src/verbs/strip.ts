// SPDX-License-Identifier: MIT
import { writeSync } from 'node:fs'
import { readConfigFile } from '@wgq/config/config-file'
import { locate, worldAccessibleWarning } from '@wgq/config/locate'
import { encodeSource } from '@wgq/config/source'
import { strip } from '@wgq/config/strip'
import { WgqError } from '@wgq/model/error'
import type { Handler } from '../command.ts'

/**
 * wg-quick strip NAME|FILE: prints the configuration as `wg setconf` takes it. On the start-up fast path: everything it
 * imports is small and does nothing when loaded. Raises `E_USAGE` and what finding and reading the file raise.
 */
export const run: Handler = async ({ args }) => {
  const [argument] = args
  if (argument === undefined || args.length > 1) {
    throw new WgqError('E_USAGE', `strip takes one interface name or file, found ${args.length} arguments`, {
      hint: 'wgq strip wg0',
    })
  }
  const location = locate(argument)
  if (location.worldAccessible) process.stderr.write(`${worldAccessibleWarning(location.path)}\n`)
  const source = readConfigFile(location.path)
  writeAll(encodeSource({ ...source, text: strip(source.text, location.path) }))
  return 0
}

/** Writes all bytes to stdout before the process ends, also into a pipe that is read slowly. */
const writeAll = (bytes: Buffer): void => {
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(1, bytes, done)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
  }
}
