// SPDX-License-Identifier: MIT
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isWgqError } from '@wgq/model/error'
import { visible } from '@wgq/model/shown'
import { runDirectory } from '@wgq/quick/run/directory'
import { makeRunDirectory } from '@wgq/quick/run/journal'
import { writeErr } from './output.ts'

/**
 * The directory of journals. If it is not writable (a container with a read-only /run) or belongs to another user, a
 * temporary directory for this run, so that tunnels still come up, like upstream's.
 */
export const usableRunDirectory = (explain: boolean): string => {
  try {
    makeRunDirectory(runDirectory)
    accessSync(runDirectory, constants.W_OK)
    return runDirectory
  } catch (error) {
    const why = isWgqError(error) ? error.message : `${runDirectory} cannot be written`
    if (explain) writeErr(`[!] ${visible(why)}: what a run that is cut off leaves behind will stay.\n`)
    if (explain && isWgqError(error) && error.hint !== undefined) writeErr(`    ${visible(error.hint)}\n`)
    const directory = mkdtempSync(join(tmpdir(), 'wgq-'))
    process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
    return directory
  }
}
