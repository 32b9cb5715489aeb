// SPDX-License-Identifier: MIT
import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { errnoText } from '@wgq/model/errno'
import { WgqError } from '@wgq/model/error'

/**
 * Writes a file that holds secrets: complete or not at all, never readable by others in between. Raises `E_WRITE` with
 * `errno` set.
 */
export const writePrivateFile = (path: string, text: string | Uint8Array, mode = 0o600): void => {
  const temporary = `${path}.wgq-${process.pid}`
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' })
    chmodSync(temporary, mode)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    const errno = (error as NodeJS.ErrnoException).code ?? 'EIO'
    throw new WgqError('E_WRITE', `\`${path}' cannot be written: ${errnoText(errno)}`, {
      errno,
      cause: error,
      hint: 'name a file in a directory that exists and that you may write to',
    })
  }
}
