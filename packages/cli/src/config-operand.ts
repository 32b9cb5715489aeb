// SPDX-License-Identifier: MIT
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { decodeConfig, readConfigFile } from '@wgq/config/config-file'
import { locate } from '@wgq/config/locate'

/** A configuration that a user named. */
export interface NamedConfig {
  readonly path: string
  /** The file name without `.conf`: the interface name, if it is a valid one. */
  readonly name: string
  readonly text: string
}

/**
 * Reads a file by its path, whatever its name, the configuration of an interface by the interface's name, or standard
 * input for `-`.
 */
export const readConfigOperand = (operand: string): NamedConfig => {
  if (operand === '-') return { path: '/dev/stdin', name: 'wg0', text: decodeConfig(0).text }
  const path = existsSync(operand) ? operand : locate(operand).path
  return { path, name: basename(operand).replace(/\.conf$/, ''), text: readConfigFile(path).text }
}
