// SPDX-License-Identifier: MIT
import { closeSync, openSync, statSync } from 'node:fs'
import { WgqError } from '@wgq/model/error'
import { mostBytes, readBytes, tooLongHint } from './bounded-read.ts'
import type { Source } from './source.ts'
import { decodeSource } from './source.ts'

/** Contents of pipes: a pipe can be read only once, and opening it again would wait for a writer for ever. */
const pipes = new Map<string, Source>()

/**
 * Returns the text of a configuration file; a pipe is read on the first call and cached. Raises `E_CONFIG_READ` with
 * `errno` when the system refuses or the file does not end, and `E_CONFIG_MISSING` when there is no such file.
 */
export const readConfigFile = (path: string): Source => {
  try {
    const isPipe = statSync(path).isFIFO()
    const known = isPipe ? pipes.get(path) : undefined
    if (known) return known
    const source = decodeConfig(path)
    if (isPipe) pipes.set(path, source)
    return source
  } catch (error) {
    if (error instanceof WgqError) throw error
    const errno = (error as NodeJS.ErrnoException).code ?? 'EIO'
    if (errno === 'ENOENT') {
      throw new WgqError('E_CONFIG_MISSING', `\`${path}' does not exist`, { errno, cause: error })
    }
    const hint = errno === 'EACCES' ? 'run the command as root, or name a file that you may read' : undefined
    throw new WgqError('E_CONFIG_READ', `\`${path}' cannot be read: ${causes[errno] ?? errno}`, {
      errno,
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    })
  }
}

// Loading the table of all errors would slow down every start.
const causes: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EISDIR: 'Is a directory',
}

/** Decodes what can be read from an open file (standard input: 0). Raises `E_CONFIG_READ` where it does not end. */
export const decodeConfig = (file: string | number): Source => {
  const fd = typeof file === 'number' ? file : openSync(file, 'r')
  try {
    const bytes = readBytes(fd)
    if (bytes.length <= mostBytes) return decodeSource(bytes)
  } finally {
    if (fd !== file) closeSync(fd)
  }
  const name = typeof file === 'number' ? 'standard input' : `\`${file}'`
  throw new WgqError('E_CONFIG_READ', `${name} has more than ${mostBytes / 2 ** 20} MiB`, {
    errno: 'EFBIG',
    hint: tooLongHint,
  })
}
