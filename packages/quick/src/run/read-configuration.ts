// SPDX-License-Identifier: MIT
import { type ConfigPart, readParts } from '@wgq/config/parts'
import type { DeviceChange } from '@wgq/model/device'
import { isWgqError, type Position, WgqError } from '@wgq/model/error'
import type { Session } from '../session.ts'

/**
 * Reads the text for wg of a tunnel,. Errors get the position of their line in the
 * tunnel's files: the text lacks the lines of wg-quick.
 */
export const readConfiguration = async (
  session: Pick<Session, 'configPath' | 'dependencies'>,
  text: string,
  names?: Session['names'],
): Promise<DeviceChange> => {
  try {
    return await session.dependencies.readWgConfig(text, names)
  } catch (error) {
    if (!isWgqError(error) || error.at === undefined) throw error
    const at = placeInFiles(error.at, text, partsOf(session.configPath))
    if (at === undefined) throw error
    const { code, message, hint, exitCode, errno, wgText, cause } = error
    throw new WgqError(code, message, {
      at,
      exitCode,
      cause,
      ...(hint === undefined ? {} : { hint }),
      ...(errno === undefined ? {} : { errno }),
      ...(wgText === undefined ? {} : { wgText }),
    })
  }
}

/** The first line of the files that is the same but for blanks at its ends. */
const placeInFiles = (
  { line, column }: Position,
  text: string,
  parts: readonly ConfigPart[],
): Position | undefined => {
  const wanted = text.split('\n', line)[line - 1]?.trim() ?? ''
  if (wanted === '') return undefined
  for (const { path, source } of parts) {
    const lines = source.text.split('\n')
    const index = lines.findIndex((one) => one.replaceAll('\0', '').trim() === wanted)
    const found = lines[index]
    if (found === undefined) continue
    return { file: path, line: index + 1, column: column + (found.length - found.trimStart().length) }
  }
  return undefined
}

const partsOf = (configPath: string): ConfigPart[] => {
  try {
    return readParts(configPath)
  } catch {
    // The file is gone or was changed meanwhile.
    return []
  }
}
