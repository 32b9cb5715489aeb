// SPDX-License-Identifier: MIT
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { readConfigFile } from '@wgq/config/config-file'
import { locate } from '@wgq/config/locate'

/** A configuration that a user named. */
export interface NamedConfig {
  readonly path: string
  /** The name of the file without `.conf`: of the interface, where it is a valid name. */
  readonly name: string
  readonly text: string
}

/** Reads a file by its path, whatever it is called, or the configuration of an interface by its name. */
export const readConfigOperand = (operand: string): NamedConfig => {
  const path = existsSync(operand) ? operand : locate(operand).path
  return { path, name: basename(operand).replace(/\.conf$/, ''), text: readConfigFile(path).text }
}
