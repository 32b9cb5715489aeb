// SPDX-License-Identifier: MIT
import { readSettings } from './settings.ts'

/**
 * wg-quick strip: the configuration without wg-quick's own keys, as `wg setconf` can read it, ending in an empty line
 * (spec wg-quick §4). Raises `E_SAVE_CONFIG`, like every verb that reads the file.
 */
export const strip = (text: string, file: string): string => `${readSettings(text, file).wgConfig}\n`
