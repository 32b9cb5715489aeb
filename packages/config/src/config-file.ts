// SPDX-License-Identifier: MIT
import { readFileSync, statSync } from 'node:fs'
import { WgqError } from '@wgq/model/error'
import type { Source } from './source.ts'
import { decodeSource } from './source.ts'

/** Contents of pipes: a pipe can be read only once, and opening it again would wait for a writer for ever. */
const pipes = new Map<string, Source>()

/**
 * Returns the text of a configuration file; a pipe is read on the first call and cached. Raises `E_CONFIG_READ` with
 * `errno` when the system refuses, and `E_CONFIG_MISSING` when there is no such file.
 */
export const readConfigFile = (path: string): Source => {
  try {
    const isPipe = statSync(path).isFIFO()
    const known = isPipe ? pipes.get(path) : undefined
    if (known) return known
    const source = decodeSource(readFileSync(path))
    if (isPipe) pipes.set(path, source)
    return source
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code ?? 'EIO'
    if (errno === 'ENOENT') {
      throw new WgqError('E_CONFIG_MISSING', `\`${path}' does not exist`, { errno, cause: error })
    }
    const hint = errno === 'EACCES' ? 'run the command as root, or name a file that you may read' : undefined
    throw new WgqError('E_CONFIG_READ', `\`${path}' cannot be read: ${errno}`, {
      errno,
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    })
  }
}
